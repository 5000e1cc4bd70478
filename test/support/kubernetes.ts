/** The manifests of `deploy/kubernetes`, as the tests read them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/** Their folder. */
export const kubernetes = fileURLToPath(new URL('../../deploy/kubernetes', import.meta.url));

/** A file there, by its path. */
export const read = (path: string): string => readFileSync(join(kubernetes, path), 'utf8');

interface Probe {
  readonly httpGet: object;
}

/** A pod's template: what the tests read of it. */
export interface Pod {
  readonly metadata: { readonly labels: object };
  readonly spec: {
    readonly terminationGracePeriodSeconds: number;
    readonly topologySpreadConstraints: readonly object[];
    volumes: {
      readonly name: string;
      readonly secret?: { readonly secretName: string; readonly defaultMode: number };
    }[];
    readonly containers: {
      env: { readonly name: string; readonly value: string }[];
      readonly envFrom: readonly object[];
      readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
      readonly resources: { readonly requests: Record<string, string>; readonly limits: Record<string, string> };
      readonly securityContext: object;
      readonly startupProbe: Probe;
      readonly livenessProbe: Probe;
      readonly readinessProbe: Probe;
      volumeMounts: { readonly name: string; readonly mountPath: string; readonly readOnly: boolean }[];
    }[];
  };
}

/** One resource. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has a shape of its own
  readonly spec: any;
}

/** The resources of a file. YAML 1.1, as Kubernetes reads it: 0440 is octal. */
export const documentsOf = (path: string): Resource[] =>
  parseAllDocuments(read(path), { version: '1.1', merge: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS();
  });

/** The variables of an env file. */
export const readEnvFile = (path: string): Record<string, string> =>
  Object.fromEntries(
    read(path)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

/** Everything of it, to search. */
export const asText = (value: unknown): string => JSON.stringify(value);
