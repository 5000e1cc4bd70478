// Turns package.json into an application's: peer dependencies become dependencies at the version that the tests use, and
// development dependencies are removed. The lock file still applies: `npm prune` keeps its versions.
import { readFileSync, writeFileSync } from 'node:fs';

const { devDependencies, peerDependencies, peerDependenciesMeta, ...rest } = JSON.parse(
  readFileSync('package.json', 'utf8'),
);
const peers = Object.keys(peerDependencies).map((name) => [name, devDependencies[name]]);
writeFileSync(
  'package.json',
  JSON.stringify({ ...rest, dependencies: { ...rest.dependencies, ...Object.fromEntries(peers) } }, null, 2),
);
