import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createTryOnParts } from '../../src/worker/parts.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { asText, documentsOf, kubernetes, type Pod, read, readEnvFile } from '../support/kubernetes.js';

interface Kustomization {
  readonly resources?: readonly string[];
  readonly configurations?: readonly string[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly envs?: readonly string[] }[];
  readonly images?: readonly { readonly name: string; readonly newTag: string }[];
  readonly patches?: readonly { readonly target: { readonly kind: string; readonly name: string } }[];
}

const folders = readdirSync(kubernetes, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('kustomization.yaml'))
  .map((path) => dirname(path));
const kustomization = (folder: string): Kustomization =>
  documentsOf(join(folder, 'kustomization.yaml'))[0] as Kustomization;
const [deployment] = documentsOf('base/deployment.yaml');
const [workerDeployment] = documentsOf('worker-controller/worker-deployment.yaml');
const pods = [
  { name: 'the Deployment', pod: deployment?.spec.template as Pod, env: 'base/worker.env' },
  {
    name: 'the WorkerDeployment',
    pod: workerDeployment?.spec.template as Pod,
    env: 'worker-controller/worker.env',
  },
];
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

describe.each(folders)('the kustomization of "%s"', (folder) => {
  const {
    resources = [],
    configurations = [],
    configMapGenerator = [],
    images = [],
    patches = [],
  } = kustomization(folder);
  const files = [...resources, ...configurations, ...configMapGenerator.flatMap(({ envs = [] }) => envs)];

  test('names only what there is', () => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !existsSync(join(kubernetes, folder, file)))).toEqual([]);
  });

  test('names every manifest of its folder', () => {
    const there = readdirSync(join(kubernetes, folder)).filter((file) => /\.(yaml|env)$/.test(file));
    expect(there.filter((file) => file !== 'kustomization.yaml').sort()).toEqual(
      files.filter((file) => /\.(yaml|env)$/.test(file)).sort(),
    );
  });

  test('loads no single file from outside of it, which kustomize refuses', () => {
    expect(files.filter((file) => file.startsWith('..') && /\.\w+$/.test(file.split('/').at(-1) ?? ''))).toEqual([]);
  });

  test('names no folder that it lies in, which kustomize takes for a circle', () => {
    const named = files.filter((file) => file.startsWith('..')).map((file) => join(folder, file));
    expect(named.filter((path) => `${folder}/`.startsWith(`${path}/`) || path === '.')).toEqual([]);
  });

  test('has the version of this package, and patches what there is', () => {
    for (const { name, newTag } of images) expect([name, newTag]).toEqual([manifest.name, manifest.version]);
    for (const { target } of patches) {
      const base = documentsOf('base/deployment.yaml').map(({ kind, metadata }) => ({ kind, name: metadata.name }));
      expect(base).toContainEqual(target);
    }
  });
});

describe.each(pods)('a pod of $name', ({ pod, env }) => {
  const [container] = pod.spec.containers;
  const ownEnv = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));

  test('has time to drain', () => {
    const settings = readWorkerSettings({ AIDGE_APP_KEY: 'key', AIDGE_APP_SECRET: 'secret' });
    if (!settings.ok) throw new Error(settings.problems.join('; '));
    const { shutdownGraceTime } = createTryOnParts(settings.settings).tuned;
    expect(pod.spec.terminationGracePeriodSeconds).toBe(30);
    // What is left is for the connections.
    expect(Number(shutdownGraceTime)).toBeLessThanOrEqual((pod.spec.terminationGracePeriodSeconds - 5) * 1_000);
  });

  test('can do nothing but its work', () => {
    expect(pod.spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('is probed where the worker answers', () => {
    const portOf = (name: string) => container?.ports.find((one) => one.name === name)?.containerPort;
    expect(ownEnv.TRYON_HEALTH_ADDRESS).toBe(`0.0.0.0:${portOf('health')}`);
    expect(ownEnv.TRYON_METRICS_ADDRESS).toBe(`0.0.0.0:${portOf('metrics')}`);
    expect(container?.startupProbe.httpGet).toEqual({ path: '/healthz', port: 'health' });
    expect(container?.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'health' });
    expect(container?.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'health' });
  });

  test('reserves memory, and is not throttled', () => {
    const { requests, limits } = container?.resources ?? {};
    expect(requests?.memory).toBe(limits?.memory);
    expect(requests?.cpu).toBeDefined();
    expect(limits?.cpu).toBeUndefined();
  });

  test('reads secrets from files of mounted secrets, and from nowhere else', () => {
    const mounts = container?.volumeMounts ?? [];
    expect(mounts.map(({ name }) => name).sort()).toEqual(pod.spec.volumes.map(({ name }) => name).sort());
    for (const { secret } of pod.spec.volumes) expect(secret?.defaultMode).toBe(0o440);
    for (const mount of mounts) expect(mount.readOnly).toBe(true);
    const files = Object.entries(ownEnv).filter(([name]) => name.endsWith('_FILE'));
    expect(files.length).toBeGreaterThan(1);
    for (const [, file] of files) expect(mounts.some(({ mountPath }) => file?.startsWith(`${mountPath}/`))).toBe(true);
    expect(asText(pod)).not.toMatch(/secretKeyRef|_SECRET\b|API_KEY\b/);
  });

  test('has settings that the worker starts with', () => {
    const values = { ...readEnvFile(env), ...ownEnv, AIDGE_APP_KEY_FILE: undefined, AIDGE_APP_SECRET_FILE: undefined };
    const settings = readWorkerSettings({ ...values, AIDGE_APP_KEY: 'key', AIDGE_APP_SECRET: 'secret' });
    expect(settings).toMatchObject({
      ok: true,
      settings: { taskQueue: 'tryon', telemetry: { logFormat: 'json', metrics: { kind: 'prometheus' } } },
    });
    expect(container?.envFrom).toEqual([{ configMapRef: { name: 'tryon-worker' } }]);
  });
});

test('the disruption budget, the autoscaler and the spread are for these pods', () => {
  const labels = { 'app.kubernetes.io/name': 'temporal-tryon', 'app.kubernetes.io/component': 'worker' };
  const [budget] = documentsOf('disruption-budget/disruption-budget.yaml');
  const [autoscaler] = documentsOf('autoscaling/autoscaler.yaml');
  expect(deployment?.spec).toMatchObject({ replicas: 2, selector: { matchLabels: labels } });
  expect(budget?.spec).toMatchObject({ maxUnavailable: 1, selector: { matchLabels: labels } });
  expect(autoscaler?.spec.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'tryon-worker' });
  for (const { pod } of pods) {
    expect(pod.metadata.labels).toEqual(labels);
    expect(pod.spec.topologySpreadConstraints).toMatchObject([{ labelSelector: { matchLabels: labels } }]);
  }
});

test('no autoscaler follows a backlog', () => {
  for (const path of ['autoscaling/autoscaler.yaml', 'worker-controller/autoscaler.yaml']) {
    const [document] = documentsOf(path);
    const spec = document?.kind === 'WorkerResourceTemplate' ? document.spec.template.spec : document?.spec;
    expect(spec.metrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
    ]);
  }
});

describe('the example for the Temporal Worker Controller', () => {
  const [connection] = documentsOf('worker-controller/connection.yaml');
  const [autoscaler] = documentsOf('worker-controller/autoscaler.yaml');

  test('has the pods of the Deployment, less the connection', () => {
    const without = structuredClone(deployment?.spec.template) as Pod;
    for (const container of without.spec.containers) {
      container.env = container.env.filter(({ name }) => name !== 'TEMPORAL_CONFIG_FILE');
      container.volumeMounts = container.volumeMounts.filter(({ name }) => name !== 'temporal');
    }
    without.spec.volumes = without.spec.volumes.filter(({ name }) => name !== 'temporal');
    expect(workerDeployment?.spec.template).toEqual(without);
    expect(
      Object.keys(readEnvFile('worker-controller/worker.env')).filter((name) => name.startsWith('TEMPORAL_')),
    ).toEqual([]);
  });

  // The controller's own definitions are in no registry: these are the fields that it documents.
  test('has the fields that the controller documents, and names what is there', () => {
    expect(Object.keys(workerDeployment?.spec ?? {}).sort()).toEqual([
      'rollout',
      'sunset',
      'template',
      'workerOptions',
    ]);
    expect(workerDeployment?.spec.workerOptions).toEqual({
      connectionRef: { name: connection?.metadata.name },
      temporalNamespace: 'default',
    });
    expect(workerDeployment?.spec.rollout.strategy).toBe('Progressive');
    for (const step of workerDeployment?.spec.rollout.steps ?? []) {
      expect(step.rampPercentage).toBeGreaterThanOrEqual(1);
      expect(step.rampPercentage).toBeLessThanOrEqual(99);
      expect(step.pauseDuration).toMatch(/^\d+m$/);
    }
    expect(connection?.spec.hostPort).toMatch(/^[a-zA-Z0-9.-]+:\d+$/);
    expect(autoscaler?.spec.workerDeploymentRef.name).toBe(workerDeployment?.metadata.name);
    expect(autoscaler?.spec.template.spec.scaleTargetRef).toEqual({});
  });
});

test('the page tells the secret and the folders by their names', () => {
  const page = read('../../docs/kubernetes.md');
  for (const { pod } of pods)
    for (const { secret } of pod.spec.volumes) expect(page).toContain(`\`${secret?.secretName}\``);
  for (const folder of ['autoscaling', 'worker-controller']) expect(page).toContain(`\`deploy/kubernetes/${folder}\``);
});
