/** The programs that the tests need beside Node.js, and how a machine gets those that it lacks. */
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { lookUp } from '../src/dev-server/find-cli.js';

/** One of them. */
export interface TestProgram {
  /** Its name on PATH, or its path where the tests use that. */
  readonly program: string;
  /** Debian's packages that bring it. */
  readonly packages: readonly string[];
  readonly neededBy: string;
}

/** What the table in CONTRIBUTING.md says, too. */
export const testPrograms: readonly TestProgram[] = [
  { program: 'git', packages: ['git'], neededBy: 'CI, which compares generated files' },
  { program: 'javac', packages: ['default-jdk-headless'], neededBy: 'the time-skipping server, callers in Java' },
  { program: 'mvn', packages: ['maven'], neededBy: 'the time-skipping server, callers in Java' },
  { program: 'python3', packages: ['python3', 'python3-venv'], neededBy: 'callers in Python, schemas of Kubernetes' },
  { program: 'go', packages: ['golang-go'], neededBy: 'callers in Go, a Temporal server where none is found' },
  { program: 'exiftool', packages: ['libimage-exiftool-perl'], neededBy: 'tests of the AI label in renditions' },
  { program: 'tmux', packages: ['tmux'], neededBy: 'tests of the program in a terminal' },
  { program: 'prometheus', packages: ['prometheus'], neededBy: 'tests of dashboard and alerts' },
  { program: 'promtool', packages: ['prometheus'], neededBy: 'tests of dashboard and alerts' },
  {
    program: '/usr/bin/chromium',
    packages: ['chromium', 'fonts-dejavu-core'],
    neededBy: 'tests of the Temporal UI and of contact sheets',
  },
];

/** Those of the table that this machine lacks. */
export async function missingPrograms(env: NodeJS.ProcessEnv = process.env): Promise<readonly TestProgram[]> {
  const there = await Promise.all(
    testPrograms.map(async ({ program }) =>
      isAbsolute(program) ? existsSync(program) : (await lookUp(program, env)) !== undefined,
    ),
  );
  return testPrograms.filter((_one, index) => !there[index]);
}

/** What the installation depends on. */
export interface Installer {
  readonly isRoot: boolean;
  /** CI's user may use sudo without a password; a person is asked first. */
  readonly isCi: boolean;
  readonly hasApt: boolean;
}

/** What to do: nothing, run commands one after another, or report what to do. */
export type Installation =
  | { readonly kind: 'none' }
  | { readonly kind: 'run'; readonly commands: readonly (readonly string[])[] }
  | { readonly kind: 'report'; readonly message: string };

/** How the missing programs come here. Pure. */
export function installation(missing: readonly TestProgram[], { isRoot, isCi, hasApt }: Installer): Installation {
  if (missing.length === 0) return { kind: 'none' };
  const packages = [...new Set(missing.flatMap((one) => one.packages))];
  const sudo = isRoot ? [] : ['sudo'];
  const commands = [
    [...sudo, 'apt-get', 'update', '-qq'],
    [
      ...sudo,
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      'install',
      '-y',
      '-qq',
      '--no-install-recommends',
      ...packages,
    ],
  ];
  if (hasApt && (isRoot || isCi)) return { kind: 'run', commands };
  const lines = missing.map(({ program, neededBy }) => `  ${program} (${neededBy})`);
  const remedy = hasApt
    ? `Run this, then try again:\n\n  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages.join(' ')}\n`
    : `Install them; Debian's packages are called ${packages.join(', ')}.`;
  const message = `The tests need programs that this machine lacks:\n${lines.join('\n')}\n${remedy}`;
  return { kind: 'report', message: `${message}\nnpm run test:quick needs none of them.` };
}
