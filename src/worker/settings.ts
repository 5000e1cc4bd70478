/** Reads a worker's settings from environment variables, and the file of codec keys if one is named. Reports all problems at once. */
import type { DataConverter, WorkerDeploymentVersion } from '@temporalio/common';
import { type ArchiveSettings, readArchive } from '../archive/settings.js';
import { readDataConverter } from '../codec/payload-codec.js';
import { defaults } from '../contract.js';
import { defined } from '../defined.js';
import { type Account, readAccounts, readYesNo } from '../providers/accounts.js';
import { type DurationModel, priorFrom, priorModel } from '../schedule/distribution.js';
import { readTelemetrySettings, type TelemetrySettings } from '../telemetry/settings.js';
import { readWebhooks, type WebhookSettings } from '../webhook/settings.js';
import { readDeployment } from './deployment.js';

/** Settings of a worker process. */
export interface WorkerSettings {
  readonly accounts: readonly Account[];
  /** Prefix of all queues. */
  readonly taskQueue: string;
  /** The duration distribution to start from, until there is data. */
  readonly prior: DurationModel;
  /** Whether a person set the prior, which then counts for every API; if not, an API may have one of its own. */
  readonly isPriorSet: boolean;
  /** Whether durations are learned; if not, the prior stays. */
  readonly learns: boolean;
  /** How many waits may keep their workflow state in memory; a wait in backoff needs none. Default 200. */
  readonly maxCachedWorkflows: number;
  /** Makes every worker of the process a versioned one. */
  readonly deployment?: WorkerDeploymentVersion;
  /** The accounts that Nexus callers may name and ask about. */
  readonly nexusAccounts: readonly string[];
  /** Where events are posted to; the worker serves the queue of posts if there is any. */
  readonly webhooks: WebhookSettings;
  /** Where jobs archive images; the worker serves the archive's queue if there is a place. */
  readonly archive?: ArchiveSettings;
  /** Encrypts payloads, if keys are set. */
  readonly dataConverter?: DataConverter;
  readonly logLevel: 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  readonly telemetry: TelemetrySettings;
}

/** Settings, or one line for each missing or wrong variable. */
export type Settings =
  | { readonly ok: true; readonly settings: WorkerSettings }
  | { readonly ok: false; readonly problems: readonly string[] };

type Environment = Readonly<Record<string, string | undefined>>;

const logLevels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const;

const priorVariables = ['TRYON_PRIOR_MEDIAN_SECONDS', 'TRYON_PRIOR_P95_SECONDS', 'TRYON_PRIOR_STUCK_SHARE'];

/** Reads a worker's settings. `AIDGE_*` and `TRYON_TASK_QUEUE` belong to the contract, `OTEL_*` to OpenTelemetry, `TEMPORAL_*` to Temporal; the rest is ours. */
export function readWorkerSettings(env: Environment): Settings {
  const { accounts, problems: accountProblems } = readAccounts(env);
  const problems = [...accountProblems];

  const number = (variable: string, fallback: number, min: number, max: number): number => {
    const text = env[variable]?.trim();
    if (!text) return fallback;
    const value = Number(text);
    if (value >= min && value <= max) return value;
    problems.push(`${variable} is "${text}"; give a number from ${min} to ${max}`);
    return fallback;
  };

  const taskQueue = env.TRYON_TASK_QUEUE?.trim() || defaults.taskQueue;
  if (!/^[\x21-\x7e]{1,200}$/.test(taskQueue)) {
    problems.push(`TRYON_TASK_QUEUE is "${taskQueue}"; give 1 to 200 visible ASCII characters`);
  }
  const logLevel = (env.TRYON_LOG_LEVEL?.trim().toUpperCase() || 'INFO') as WorkerSettings['logLevel'];
  if (!logLevels.includes(logLevel)) {
    problems.push(`TRYON_LOG_LEVEL is "${logLevel}"; give one of ${logLevels.join(', ')}`);
  }
  const medianSeconds = number('TRYON_PRIOR_MEDIAN_SECONDS', 40, 0.1, 86_400);
  const p95Seconds = number('TRYON_PRIOR_P95_SECONDS', 3 * medianSeconds, 0.1, 864_000);
  if (p95Seconds <= medianSeconds) {
    problems.push(`TRYON_PRIOR_P95_SECONDS is ${p95Seconds}; give more than the median, ${medianSeconds}`);
  }
  const tailWeight = number('TRYON_PRIOR_STUCK_SHARE', priorModel.tailWeight, 0, 0.5);
  const learn = readYesNo(env.TRYON_LEARN?.trim() || 'true');
  if ('problem' in learn) problems.push(`TRYON_LEARN ${learn.problem}`);
  const maxCachedWorkflows = Math.floor(number('TRYON_MAX_CACHED_WORKFLOWS', 200, 0, 100_000));

  const nexusAccounts = (env.TRYON_NEXUS_ACCOUNTS?.trim() || defaults.account).split(',').map((name) => name.trim());
  for (const name of nexusAccounts) {
    if (!/^[a-z0-9-]{1,40}$/.test(name)) {
      problems.push(`TRYON_NEXUS_ACCOUNTS has "${name}"; give names of accounts, with commas between them`);
    }
  }

  const { telemetry, problems: telemetryProblems } = readTelemetrySettings(env);
  problems.push(...telemetryProblems);

  const { problems: webhookProblems, ...webhooks } = readWebhooks(env);
  problems.push(...webhookProblems);
  const { archive, problems: archiveProblems } = readArchive(env);
  problems.push(...archiveProblems);
  const deployment = readDeployment(env);
  if ('problem' in deployment) problems.push(deployment.problem);

  const codec = readDataConverter(env);
  if (!codec.ok) problems.push(...codec.problems);

  if (!codec.ok || problems.length > 0) return { ok: false, problems };
  const prior = priorFrom({ medianSeconds, p95Seconds, tailWeight });
  const { dataConverter } = codec;
  return {
    ok: true,
    settings: {
      accounts,
      taskQueue,
      prior,
      isPriorSet: priorVariables.some((variable) => env[variable]?.trim()),
      learns: 'value' in learn && learn.value,
      maxCachedWorkflows,
      nexusAccounts,
      webhooks,
      logLevel,
      telemetry,
      ...defined({ dataConverter, archive, deployment: 'version' in deployment ? deployment.version : undefined }),
    },
  };
}
