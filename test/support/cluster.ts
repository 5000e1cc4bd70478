/**
 * The servers of docker-compose.yml without Docker, in the topology of production: PostgreSQL, two frontends, two history and two matching
 * processes, a worker role, and the UI. Environment, dynamic configuration, schema and namespace come from docker-compose.yml and `docker/`.
 * Each process that ends is started again, like there. Everything listens on the loopback interface.
 */
import { randomInt } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { defined } from '../../src/defined.js';
import { findTemporalCli, lookUp, outputOf } from '../../src/dev-server/find-cli.js';
import { builtFile, goBuild, productionBuilds } from '../../src/dev-server/go-build.js';
import { freePort, isFree, TemporalServerError } from '../../src/dev-server/temporal-server.js';
import { type Supervised, supervise, untilListening } from './supervised.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const host = '127.0.0.1';

/** What each process of the server does, and how often it is there. */
const roles = ['frontend', 'frontend', 'history', 'history', 'matching', 'matching', 'worker'] as const;

/** Options of {@link startCluster}; every field has a default. */
export interface ClusterOptions {
  /** Where data and logs are kept; default: a temporary folder that is removed at the end. */
  readonly folder?: string;
  /** Ports of the first frontend and of the UI; default: free ones. */
  readonly port?: number;
  readonly uiPort?: number;
  /** Whether to run the UI; default false. */
  readonly ui?: boolean;
  readonly log?: (line: string) => void;
}

/** A cluster that runs. */
export interface Cluster {
  /** `host:port` of each frontend. */
  readonly addresses: readonly string[];
  readonly uiUrl?: string;
  /** Its processes by name: `postgresql`, `frontend-1`, ... */
  readonly processes: ReadonlyMap<string, Supervised>;
  readonly folder: string;
  /** Ends all of it, the database last. */
  stop(): Promise<void>;
}

/** A service of docker-compose.yml with the defaults of its variables. */
function composed(name: string): { environment: Record<string, string>; command?: string[] } {
  const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8').replace(/\$\{\w+:-([^}]*)\}/g, '$1');
  return (parse(text, { merge: true }) as { services: Record<string, ReturnType<typeof composed>> }).services[
    name
  ] as ReturnType<typeof composed>;
}

/**
 * Starts all of it, and waits until the namespace `default` and its search attributes are there.
 * @throws {TemporalServerError} if PostgreSQL or Go is missing, or something does not start
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { log = () => {} } = options;
  const temporal = composed('temporal').environment;
  const [serverBuild, uiBuild] = productionBuilds as [(typeof productionBuilds)[0], (typeof productionBuilds)[0]];
  const built = async (build: typeof serverBuild, file: string): Promise<string> => {
    await builtFile(build, file).catch(() => goBuild(build, { log }));
    return builtFile(build, file);
  };
  const [server, sqlTool, cli] = [
    await built(serverBuild, 'server'),
    await built(serverBuild, 'sql'),
    await findTemporalCli({ log }),
  ];
  const ui = options.ui ? await built(uiBuild, 'server') : undefined;

  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'tryon-cluster-'));
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true });
  // PostgreSQL's user has to get to its own folder below.
  chmodSync(folder, 0o711);
  const processes = new Map<string, Supervised>();
  const start = (name: string, command: Parameters<typeof supervise>[0]): Promise<void> => {
    const one = supervise({ ...command, logFile: join(logs, `${name}.log`) });
    processes.set(name, one);
    return one.up();
  };
  const stop = async (): Promise<void> => {
    const [database, ...rest] = processes.values();
    await Promise.all(rest.map((one) => one.stop('SIGTERM')));
    // SIGINT closes connections that are left, which SIGTERM would wait for.
    await database?.stop('SIGINT');
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    const dbPort = await freePort();
    await start('postgresql', await postgresql(folder, dbPort, temporal));
    const database = {
      POSTGRES_HOST: host,
      POSTGRES_PORT: String(dbPort),
      POSTGRES_USER: temporal.POSTGRES_USER ?? '',
      SQL_PASSWORD: temporal.POSTGRES_PWD ?? '',
    };
    const script = (file: string, env: Record<string, string>) =>
      outputOf('/bin/sh', [join(root, 'docker', file)], { PATH: process.env.PATH, HOME: folder, ...env });
    log('PostgreSQL is up; creating the schema');
    await script('setup-schema.sh', { ...database, SQL_TOOL: sqlTool });

    const addresses: string[] = [];
    const starts: Promise<void>[] = [];
    for (const [index, role] of roles.entries()) {
      const nth = roles.slice(0, index + 1).filter((one) => one === role).length;
      const name = role === 'worker' ? role : `${role}-${nth}`;
      const port = (role === 'frontend' && nth === 1 && options.port) || (await freePort());
      if (role === 'frontend') addresses.push(`${host}:${port}`);
      const prefix = role.toUpperCase();
      const env = {
        ...temporal,
        POSTGRES_SEEDS: host,
        DB_PORT: String(dbPort),
        BIND_ON_IP: host,
        TEMPORAL_BROADCAST_ADDRESS: host,
        DYNAMIC_CONFIG_FILE_PATH: join(root, 'docker/dynamicconfig.yaml'),
        LOG_LEVEL: 'warn',
        [`${prefix}_GRPC_PORT`]: String(port),
        [`${prefix}_MEMBERSHIP_PORT`]: String(await membershipPort()),
        [`${prefix}_HTTP_PORT`]: String(await freePort()),
      };
      starts.push(
        start(name, {
          ...{ program: server, args: ['--allow-no-auth', 'start', '--service', role], env, cwd: folder },
          isUp: untilListening(port),
        }),
      );
    }
    await Promise.all(starts);
    log('the server is up; creating the namespace and its search attributes');
    await script('setup-namespace.sh', { TEMPORAL_ADDRESS: addresses[0] as string, TEMPORAL_CLI: cli.path });
    const uiUrl = ui && (await startUi(ui, { ...options, folder, address: addresses[0] as string, start }));
    return { addresses, ...defined({ uiUrl }), processes, folder, stop };
  } catch (error) {
    await stop();
    throw new TemporalServerError(`the cluster did not start: ${(error as Error).message}`, { cause: error });
  }
}

/** The server keeps it in a column of 16 bits with a sign: it must be below those that the system gives out. */
async function membershipPort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    if (await isFree(port)) return port;
  }
}

/** Makes the data folder where there is none yet. PostgreSQL does not run as root: there it runs as the user of Debian's package. */
async function postgresql(folder: string, port: number, env: Record<string, string>) {
  const bin = await postgresqlBin();
  const own = join(folder, 'postgresql');
  const data = join(own, 'data');
  mkdirSync(own, { recursive: true });
  const user: { uid?: number; gid?: number } = {};
  if (process.getuid?.() === 0) {
    const id = async (flag: string): Promise<number> => Number(await outputOf('id', [flag, 'postgres'], process.env));
    Object.assign(user, { uid: await id('-u'), gid: await id('-g') });
    chownSync(own, user.uid as number, user.gid as number);
  }
  const isNew = !(await readdir(own)).includes('data');
  if (isNew) {
    const password = join(own, 'password');
    writeFileSync(password, env.POSTGRES_PWD ?? '', { mode: 0o600 });
    if (user.uid !== undefined) chownSync(password, user.uid, user.gid as number);
    const args = ['-D', data, '-U', env.POSTGRES_USER ?? '', '-E', 'UTF8', '--locale=C', '--auth=scram-sha-256'];
    await outputOf(join(bin, 'initdb'), [...args, `--pwfile=${password}`], { PATH: process.env.PATH }, user);
    await rm(password);
  }
  return {
    program: join(bin, 'postgres'),
    args: [
      ...['-D', data, '-p', String(port), '-k', own, '-c', `listen_addresses=${host}`],
      ...(composed('postgresql').command ?? []).slice(1),
    ],
    env: {},
    cwd: own,
    ...user,
    isUp: async () => {
      await outputOf(join(bin, 'pg_isready'), ['-q', '-h', host, '-p', String(port)], { PATH: process.env.PATH });
    },
  };
}

/** Debian keeps PostgreSQL's server programs off PATH, in a folder for each version. */
async function postgresqlBin(): Promise<string> {
  const debian = '/usr/lib/postgresql';
  const versions = (await readdir(debian).catch(() => [])).sort((a, b) => Number(b) - Number(a));
  const candidates = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ];
  for (const bin of candidates) if (await lookUp('initdb', { PATH: bin })) return bin;
  throw new TemporalServerError('no PostgreSQL: install it (Debian: apt-get install postgresql)');
}

async function startUi(
  program: string,
  options: ClusterOptions & {
    readonly folder: string;
    readonly address: string;
    readonly start: (name: string, command: Parameters<typeof supervise>[0]) => Promise<void>;
  },
): Promise<string> {
  const port = options.uiPort ?? (await freePort());
  const config = { temporalGrpcAddress: options.address, host, port, enableUi: true, disableNewsFetch: true };
  // JSON is YAML.
  writeFileSync(join(options.folder, 'ui.yaml'), JSON.stringify({ ...config, cors: { cookieInsecure: true } }));
  await options.start('ui', {
    program,
    args: ['--root', options.folder, '--config', '.', '--env', 'ui', 'start'],
    env: {},
    cwd: options.folder,
    isUp: untilListening(port),
  });
  return `http://${host}:${port}`;
}

/** Refuses a port that is taken, as the option that gave it. */
export async function refuseTaken(ports: Readonly<Record<string, number>>): Promise<void> {
  for (const [option, port] of Object.entries(ports)) {
    if (!(await isFree(port))) throw new TemporalServerError(`port ${port} is taken; give another with ${option}`);
  }
}
