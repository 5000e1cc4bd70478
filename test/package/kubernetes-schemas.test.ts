import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentsOf, type Resource } from '../support/kubernetes.js';
import { kubernetesPython } from '../support/python.js';

// An old version that is still around, and the newest that the package has.
const versions = ['1.31', '1.37'];
/** What a template of the controller holds, as the resource that comes of it. */
const fromTemplate = ({ spec }: Resource, name: string): object => {
  const { scaleTargetRef, ...rest } = spec.template.spec;
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  return { ...spec.template, metadata: { name }, spec: { ...rest, scaleTargetRef: { ...target, ...scaleTargetRef } } };
};
const [deployment] = documentsOf('base/deployment.yaml');
const [workerDeployment] = documentsOf('worker-controller/worker-deployment.yaml');
const resources = {
  deployment,
  'disruption budget': documentsOf('disruption-budget/disruption-budget.yaml')[0],
  autoscaler: documentsOf('autoscaling/autoscaler.yaml')[0],
  // The controller makes a Deployment of each build.
  'deployment of a version': {
    ...deployment,
    spec: { ...deployment?.spec, template: workerDeployment?.spec.template },
  },
  'autoscaler of a version': fromTemplate(documentsOf('worker-controller/autoscaler.yaml')[0] as Resource, 'version-1'),
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tryon-kubernetes-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** What the schemas say against a resource; empty where it is valid. */
async function problems(resource: unknown): Promise<string> {
  const file = join(folder, 'resource.yaml');
  await writeFile(file, JSON.stringify(resource));
  const args = versions.flatMap((version) => ['-k', version]);
  const python = await kubernetesPython();
  return promisify(execFile)(python, ['-m', 'kubernetes_validate', '--strict', '--quiet', ...args, file]).then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: Error & { stdout?: string; stderr?: string }) =>
      `${error.message}${error.stdout ?? ''}${error.stderr ?? ''}`,
  );
}

test.each(Object.entries(resources))(
  'the %s is valid by the schemas of Kubernetes',
  { timeout: 120_000 },
  async (_name, resource) => {
    expect(resource).toBeDefined();
    expect(await problems(resource)).toBe('');
  },
);

test('a field that Kubernetes does not know is found', { timeout: 120_000 }, async () => {
  const spec = { ...deployment?.spec, replica: 2 };
  expect(await problems({ ...deployment, spec })).toContain('replica');
});
