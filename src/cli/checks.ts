/** The checks of `doctor`, each with a remedy. */
import type { Client } from '@temporalio/client';
import { createArchiver, openStore } from '../archive/archiver.js';
import { readArchive } from '../archive/settings.js';
import { rowOfError } from '../client/advice.js';
import { type Connected, connectTemporal } from '../client/connect.js';
import { TryOnClientError } from '../client/errors.js';
import { archiveTaskQueue, defaults, searchAttributes, submitTaskQueue, vendorTaskQueue } from '../contract.js';
import { firstLine } from '../error-text.js';
import { readFinishedWaits } from '../learning/finished-waits.js';
import { classify } from '../poll/classify.js';
import { type Account, readAccounts } from '../providers/accounts.js';
import { tryOnApi } from '../providers/aidge/tryon.js';
import { apisOf } from '../providers/apis.js';
import { createVendorClient, type VendorClient, vendorLimits } from '../providers/client.js';
import type { ApiDescriptor } from '../providers/descriptor.js';
import { vendors } from '../providers/vendors.js';
import { type AttributesRead, readSearchAttributes } from '../temporal/search-attributes.js';
import { isServerVersion, minServerVersion, serverVersionProblem } from '../temporal/server-version.js';
import { deploymentVariables } from '../worker/deployment.js';
import { readWorkerSettings } from '../worker/settings.js';
import { readBudgetCheck } from './budget-report.js';
import { type CheckResult, fail, ok, skip, warn } from './check-result.js';
import { readDeploymentCheck } from './deployment-check.js';
import { queueCheck } from './queue-check.js';

/** Why an account's checks are skipped; the check `settings` has the remedy. */
const withoutKey = 'not checked (no key)';

/** Enough finished waits to see that they can be read. */
const MAX_READ = 3;

/** A task id that the vendor does not know. */
const MADE_UP_TASK = '1000000000000000';
/** The vendor's gateway refuses a time that is further off. */
const CLOCK_FAIL_MS = 30 * 60_000;

/** Splits a message `what; remedy`. */
function split(text: string): [string, string] {
  const at = text.indexOf('; ');
  return at < 0 ? [text, 'see the documentation'] : [text.slice(0, at), text.slice(at + 2)];
}

/** Runs every check, and yields each result at once. */
export async function* runChecks(env: NodeJS.ProcessEnv, signal: AbortSignal): AsyncGenerator<CheckResult> {
  const read = readWorkerSettings(env);
  if (read.ok) yield ok('settings', `${read.settings.accounts.map(({ name }) => name).join(', ')} configured`);
  else for (const problem of read.problems) yield fail('settings', ...split(problem));
  const { accounts } = readAccounts(env);
  const taskQueue = env.TRYON_TASK_QUEUE?.trim() || defaults.taskQueue;
  yield* archiveChecks(env);
  yield* temporalChecks(env, taskQueue, accounts);
  signal.throwIfAborted();
  if (accounts.length === 0) {
    for (const name of ['key', 'vendor', 'clock']) yield skip(name, withoutKey);
    return;
  }
  const vendor = createVendorClient({ accounts });
  try {
    for (const account of accounts) yield* vendorChecks(vendor, account, signal);
  } finally {
    await vendor.close();
  }
}

/** Writes to the store and reads it again. */
async function* archiveChecks(env: NodeJS.ProcessEnv): AsyncGenerator<CheckResult> {
  const { archive } = readArchive(env);
  if (archive === undefined) return;
  const store = openStore(archive.place);
  const archiver = createArchiver(archive, { store });
  try {
    await archiver.prepare();
    yield ok('archive', `${store.name} is ${await store.check()}`);
  } catch (error) {
    yield fail('archive', ...split(firstLine(error)));
  } finally {
    await archiver.close();
  }
}

async function* temporalChecks(
  env: NodeJS.ProcessEnv,
  taskQueue: string,
  accounts: readonly Account[],
): AsyncGenerator<CheckResult> {
  let connected: Connected;
  try {
    connected = await connectTemporal({ env });
  } catch (error) {
    if (!(error instanceof TryOnClientError)) throw error;
    const name = error.code === 'NoNamespace' ? 'namespace' : 'Temporal server';
    yield fail(name, ...split(error.message));
    return;
  }
  const { client, address, namespace } = connected;
  try {
    yield ok('Temporal server', `answers at ${address}`);
    yield versionCheck(connected.serverVersion);
    yield ok('namespace', namespace);
    yield await attributesCheck(client, namespace);
    yield await durationsCheck(client, taskQueue);
    yield await queueCheck(client, taskQueue, 'workflow', 'start one with `temporal-tryon worker`');
    const versions = await readDeploymentCheck(client, taskQueue, env[deploymentVariables.name]?.trim());
    if (versions !== undefined) yield versions;
    if (readArchive(env).archive !== undefined) {
      const remedy = 'start a worker that has TRYON_ARCHIVE: `temporal-tryon worker`';
      yield await queueCheck(client, archiveTaskQueue(taskQueue), 'activity', remedy);
    }
    if (accounts.length === 0) yield skip(`queue ${vendorTaskQueue(defaults.account, taskQueue)}`, withoutKey);
    for (const { name, queriesPerSecond: settingsQueriesPerSecond } of accounts) {
      const remedy = `start a worker that has the key of account ${name}: \`temporal-tryon worker\``;
      const queue = vendorTaskQueue(name, taskQueue);
      yield await queueCheck(client, queue, 'activity', remedy);
      yield await queueCheck(client, submitTaskQueue(name, taskQueue), 'activity', remedy);
      yield await readBudgetCheck(client, { account: name, taskQueue: queue, settingsQueriesPerSecond });
    }
  } finally {
    await connected.close();
  }
}

/** Whether the server is new enough. Pure. */
export function versionCheck(version: string): CheckResult {
  const name = 'server version';
  const problem = serverVersionProblem(version);
  if (problem !== undefined) return fail(name, ...split(problem));
  if (isServerVersion(version)) return ok(name, version);
  return warn(
    name,
    `"${version}" is not a released version of Temporal Server`,
    `none needed on Temporal Cloud; otherwise make sure that it is ${minServerVersion} or later`,
  );
}

/** How a namespace gets search attributes. Temporal Cloud has a way of its own. */
function creation(address: string, namespace: string, names: readonly string[]): string {
  const isCloud = /\.(?:tmprl\.cloud|api\.temporal\.io)(?::\d+)?$/.test(address);
  const words = Object.values(searchAttributes)
    .filter(({ name }) => names.includes(name))
    .map(({ name, type }) => [name, type === 'INT' ? 'Int' : 'Keyword'] as const)
    .map(([name, type]) => (isCloud ? `--search-attribute "${name}=${type}"` : `--name ${name} --type ${type}`))
    .join(' ');
  return isCloud
    ? `tcld namespace search-attributes add --namespace ${namespace} ${words}`
    : `temporal operator search-attribute create --namespace ${namespace} ${words}`;
}

/** Which search attributes the namespace lacks, or has with a type that is of no use here. */
export function attributesResult(
  { registered, mistyped }: AttributesRead,
  { address, namespace }: { readonly address: string; readonly namespace: string },
): CheckResult {
  const name = 'search attributes';
  const absent = Object.values(searchAttributes)
    .map((one) => one.name)
    .filter((one) => !registered.includes(one));
  if (absent.length === 0) return ok(name, registered.join(', '));
  const missing = absent.filter((one) => !mistyped.includes(one));
  const found = [
    ...(missing.length > 0 ? [`missing: ${missing.join(', ')}`] : []),
    ...(mistyped.length > 0 ? [`of another type, and so not used: ${mistyped.join(', ')}`] : []),
  ].join('; ');
  const command = creation(address, namespace, absent);
  const remedy = mistyped.length > 0 ? `remove ${mistyped.join(', ')} from the namespace, then ${command}` : command;
  return warn(name, found, remedy);
}

async function attributesCheck(client: Client, namespace: string): Promise<CheckResult> {
  try {
    const read = await readSearchAttributes(client.connection, namespace);
    const { address = '' } = (client.connection as { options?: { address?: string } }).options ?? {};
    return attributesResult(read, { address, namespace });
  } catch {
    return warn(
      'search attributes',
      'the server does not list them, so none is used, and `list` finds waits only by type',
      'grant the right to list search attributes or to describe the namespace, if `list` should know states',
    );
  }
}

/** Whether workers can learn durations from finished waits. */
async function durationsCheck(client: Client, taskQueue: string): Promise<CheckResult> {
  const name = 'durations';
  try {
    const { records, unread, reason } = await readFinishedWaits({ client, taskQueue, limit: MAX_READ });
    if (unread > 0) {
      return warn(
        name,
        `${unread} of ${unread + records.length} finished waits cannot be read (${reason}), so workers learn from fewer`,
        'grant the right to read the histories of workflows',
      );
    }
    return ok(
      name,
      records.length === 0
        ? 'no finished wait to learn from yet; the schedule uses the prior'
        : `workers learn from finished waits; \`temporal-tryon model\` shows what`,
    );
  } catch (error) {
    return warn(
      name,
      `finished waits cannot be read (${firstLine(error)}); each worker starts from the prior and learns only from its own polls`,
      'grant the right to list workflows and to read their histories',
    );
  }
}

async function* vendorChecks(vendor: VendorClient, account: Account, signal: AbortSignal): AsyncGenerator<CheckResult> {
  const of = account.name === defaults.account ? '' : ` of ${account.name}`;
  let api: ApiDescriptor | undefined;
  try {
    const { kind } = await account.credentials();
    // A RAM AccessKey signs calls of Alibaba Cloud's OpenAPI alone.
    api = apisOf(account.vendor).find((one) => kind !== 'ram' || one.poll(MADE_UP_TASK).action !== undefined);
    yield ok(`key${of}`, 'present');
  } catch (error) {
    yield fail(`key${of}`, ...split(error instanceof Error ? error.message : String(error)));
    return;
  }
  if (account.proxy) yield ok(`proxy${of}`, `${account.proxy.origin} leads to ${account.endpoint}`);
  if (api === undefined) {
    yield skip(`vendor${of}`, `not checked (this version has no API of ${account.vendor} for the key)`);
    return;
  }
  const { reply } = await vendor.results({ account: account.name, api: api.name, taskId: MADE_UP_TASK, signal });
  yield vendorCheck(`vendor${of}`, account, reply, api);
  const offsetMs = vendor.clockOffsetMs(account.name);
  if (offsetMs !== undefined) yield clockCheck(`clock${of}`, offsetMs);
}

/** What the answer about a made-up task says of address and key. Pure. */
export function vendorCheck(
  name: string,
  { endpoint, proxy }: Pick<Account, 'endpoint' | 'proxy'>,
  reply: Parameters<typeof classify>[0],
  api: ApiDescriptor = tryOnApi,
): CheckResult {
  const variable = `${vendors[api.vendor].prefix}ENDPOINT`;
  const classification = classify(reply, api, { taskId: MADE_UP_TASK, acceptOtherTaskId: true });
  const accepted = ok(name, `${endpoint} answers and accepts the key`);
  if (classification.kind !== 'error') return accepted;
  const { error } = classification;
  const remedy = rowOfError(error, api)?.remedy;
  const what = `${error.layer} ${error.code}: ${error.message}`;
  switch (classification.class) {
    case 'notFound':
      // The vendor does not document its answer, and any other server may answer 404. Only JSON proves that it is the vendor.
      if (reply.kind === 'answer') return accepted;
      return warn(
        name,
        `${endpoint} answers the made-up task only with HTTP 404, which does not prove the key`,
        `nothing to do if waits finish; check ${variable} if they end as notFound`,
      );
    case 'auth':
    case 'quota':
    case 'clock':
      return fail(
        name,
        `${what}; waits of this account are blocked and poll slowly until this is fixed`,
        remedy ?? 'see the message of the vendor',
      );
    case 'throttled':
      return warn(name, `${what}; the account is throttled for now`, remedy ?? 'try again later');
    case 'refused':
    case 'failed':
      // The gateway accepted the key; the service refuses the made-up task.
      if (error.layer === 'service' || error.layer === 'task') return accepted;
      return fail(name, what, remedy ?? `check ${variable}`);
    case 'transient':
      if (error.layer === 'transport' && proxy !== undefined) {
        const problem = `${endpoint} cannot be reached through ${proxy.origin}: ${what}`;
        return fail(name, problem, 'check the proxy, HTTPS_PROXY and NO_PROXY');
      }
      return error.layer === 'transport'
        ? fail(name, `${endpoint} cannot be reached: ${what}`, remedy ?? `check ${variable} and the network`)
        : warn(name, what, remedy ?? 'try again later');
    case 'wrongTask':
      return accepted;
    default:
      return classification.class satisfies never;
  }
}

/** Compares this machine's clock with the vendor's. Pure. */
export function clockCheck(name: string, offsetMs: number): CheckResult {
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  const where = offsetMs > 0 ? 'behind' : 'ahead of';
  const remedy = "set this machine's clock (NTP): the vendor refuses signatures whose time is off";
  const detail = `this machine is ${seconds} s ${where} the vendor`;
  if (Math.abs(offsetMs) <= vendorLimits.skewMs) return ok(name, `within ${Math.max(1, seconds)} s of the vendor's`);
  return Math.abs(offsetMs) > CLOCK_FAIL_MS ? fail(name, detail, remedy) : warn(name, detail, remedy);
}
