// Turns package.json into that of an application: what a library asks of its user (peers) becomes a dependency at the version
// that the tests ran with, and what only development needs goes. The lock file stays in force: `npm prune` keeps its versions.
import { readFileSync, writeFileSync } from 'node:fs';

const { devDependencies, peerDependencies, peerDependenciesMeta, ...rest } = JSON.parse(
  readFileSync('package.json', 'utf8'),
);
const peers = Object.keys(peerDependencies).map((name) => [name, devDependencies[name]]);
writeFileSync(
  'package.json',
  JSON.stringify({ ...rest, dependencies: { ...rest.dependencies, ...Object.fromEntries(peers) } }, null, 2),
);
