/** A real Prometheus that scrapes one worker. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWithThisProcess, freePort } from '../../src/dev-server/temporal-server.js';
import { until } from '../support/until.js';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An alert that fires, with its texts as people get them. */
export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Prometheus {
  readonly url: string;
  /** An instant query. Rejects with Prometheus's own message if it is wrong. */
  query(expr: string): Promise<Sample[]>;
  rules(): Promise<{ name: string; health: string; lastError?: string }[]>;
  /** The alerts that fire now. */
  firing(): Promise<FiringAlert[]>;
  stop(): Promise<void>;
}

/** Starts one; the caller stops it. */
export async function startPrometheus(target: string, rulesFile: string): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'tryon-prometheus-'));
  const config = {
    global: { scrape_interval: '250ms', scrape_timeout: '250ms', evaluation_interval: '1s' },
    rule_files: [rulesFile],
    scrape_configs: [{ job_name: 'temporal-tryon', static_configs: [{ targets: [target] }] }],
  };
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const child = spawn(
    'prometheus',
    [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${address}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  child.once('exit', endWithThisProcess(child, 'KILL'));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000);
  });
  let failure: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      failure = new Error(`${error.message}; install Prometheus: apt-get install prometheus`);
      resolve();
    });
    child.once('exit', (code) => {
      failure ??= new Error(`Prometheus ended with ${code}: ${said}`);
      resolve();
    });
  });
  async function get<T>(path: string): Promise<T> {
    if (failure !== undefined) throw failure;
    const answer = (await (await fetch(`${url}${path}`)).json()) as { status: string; data: T; error?: string };
    const { status, data, error } = answer;
    if (status !== 'success') throw new Error(`${error}: ${decodeURIComponent(path)}`);
    return data;
  }
  await until(async () => {
    if (failure !== undefined) throw failure;
    return await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return {
    url,
    async query(expr) {
      const { result } = await get<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
        `/api/v1/query?query=${encodeURIComponent(expr)}`,
      );
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    async rules() {
      const { groups } = await get<{ groups: { rules: { name: string; health: string; lastError?: string }[] }[] }>(
        '/api/v1/rules',
      );
      return groups.flatMap(({ rules }) => rules);
    },
    async firing() {
      const { alerts } = await get<{ alerts: (FiringAlert & { state: string })[] }>('/api/v1/alerts');
      return alerts.filter(({ state }) => state === 'firing');
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        await exited;
      }
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
