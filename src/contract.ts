/**
 * The contract, version 1: every name, shape, limit and default that other services rely on. Types and the shipped JSON
 * Schemas come from the definitions here. Safe in the workflow sandbox.
 */
import * as v from 'valibot';
import { hasUnsafeInteger, jsonBytes } from './json-size.js';

/** Largest and smallest values of the contract, in the unit that the name ends with. */
export const limits = {
  taskIdLength: 200,
  timeoutSecondsMin: 1,
  timeoutSecondsMax: 2_592_000,
  submittedAheadMs: 5 * 60_000,
  listingTasks: 500,
  notified: 1_000,
  listingNotified: 100,
  /** An `images` event carries at most this many bytes of JSON. */
  eventBytes: 256 * 1024,
  /** An outcome, status or listing result carries at most this many bytes of JSON. */
  resultBytes: 1.5 * 1024 * 1024,
  /** A vendor's reply is read up to this many bytes, after decompression. */
  replyBytes: 4 * 1024 * 1024,
  /** A job's `request` has at most this many bytes of JSON. */
  requestBytes: 256 * 1024,
  /** The requests of a listing's input have at most this many bytes of JSON together: an input must fit into one payload. */
  listingRequestBytes: 1.25 * 1024 * 1024,
  /** How long after its send a request that may have been submitted cannot be submitted again. */
  resubmitAfterMs: 5 * 60_000,
  /** A status shows this many warnings, the newest, each this long at most. */
  warnings: 10,
  warningCharacters: 400,
} as const;

/** Workflow types: the names by which other services start them. */
export const workflowTypes = {
  results: 'tryOnResults',
  listing: 'tryOnListing',
  job: 'tryOnJob',
  webhook: 'tryOnWebhook',
} as const;

/** Signals, queries and updates, by their names on the wire. */
export const messages = {
  event: 'tryOnEvent',
  subscribeSignal: 'tryOnSubscribe',
  unsubscribeSignal: 'tryOnUnsubscribe',
  status: 'tryOnStatus',
  listingStatus: 'tryOnListingStatus',
  subscribe: 'subscribe',
  unsubscribe: 'unsubscribe',
  pollNow: 'pollNow',
  setTimeout: 'setTimeout',
  addTask: 'addTask',
  webhookStatus: 'tryOnWebhookStatus',
  resendWebhook: 'resend',
  jobStatus: 'tryOnJobStatus',
  resolveSubmission: 'resolveSubmission',
} as const;

/** What an optional field means when it is absent. */
export const defaults = {
  timeoutSeconds: 3_600,
  account: 'default',
  signal: messages.event,
  taskQueue: 'tryon',
  notFoundGraceSeconds: 30,
  queriesPerSecond: 20,
  submitsPerMinute: 3,
  endpoint: 'https://api.aidc-ai.com',
} as const;

/** The vendor APIs, by the name that inputs give, and the vendor whose accounts may call each. */
export const apiVendors = {
  tryon: 'aidge',
  'tryon-pro': 'aidge',
  'aidge-2026': 'aidge',
  dashscope: 'dashscope',
  fashn: 'fashn',
  fal: 'fal',
} as const;

/** A vendor API. */
export type ApiName = keyof typeof apiVendors;

/** A vendor, whose accounts environment variables configure. */
export type VendorName = (typeof apiVendors)[ApiName];

/** The account of each vendor that its variables without a name configure. */
export const unnamedAccounts: Readonly<Record<VendorName, string>> = {
  aidge: 'default',
  dashscope: 'dashscope',
  fashn: 'fashn',
  fal: 'fal',
};

/** The account of an input: the one it names, else the unnamed account of its API's vendor. `default` is a name for that too. */
export const accountFor = ({
  account = defaults.account,
  api = 'tryon',
}: {
  readonly account?: string | undefined;
  readonly api?: ApiName | undefined;
}): string => (account === defaults.account ? unnamedAccounts[apiVendors[api]] : account);

/** `type` of the `ApplicationFailure`s that this package throws. */
export const failureTypes = {
  invalidInput: 'InvalidTryOnInput',
  pending: 'TryOnPending',
  vendorError: 'TryOnVendorError',
  /** An update that comes too late: the listing has ended. */
  ended: 'TryOnEnded',
  /** A post to a webhook that was not accepted, and the end of a delivery whose events were given up; details: a `WebhookError`. */
  webhook: 'TryOnWebhookFailed',
  /** Images that are not archived yet. */
  archive: 'TryOnArchiveFailed',
  /** An update that the state of a job does not allow. */
  refused: 'TryOnRefused',
} as const;

/** Search attributes, used if the namespace has them. */
export const searchAttributes = {
  taskId: { name: 'TryOnTaskId', type: 'KEYWORD' },
  status: { name: 'TryOnStatus', type: 'KEYWORD' },
  listingId: { name: 'TryOnListingId', type: 'KEYWORD' },
  imageCount: { name: 'TryOnImageCount', type: 'INT' },
  account: { name: 'TryOnAccount', type: 'KEYWORD' },
} as const;

/** The workflow id of the wait for a task. */
export const resultsWorkflowId = (taskId: string): string => `tryon-results-${taskId}`;

/** The workflow id of a listing. */
export const listingWorkflowId = (listingId: string): string => `tryon-listing-${listingId}`;

/** The queue of the calls to an account's vendor. `prefix` is `TRYON_TASK_QUEUE`. */
export const vendorTaskQueue = (account: string = defaults.account, prefix: string = defaults.taskQueue): string =>
  account === defaults.account ? `${prefix}-vendor` : `${prefix}-vendor-${account}`;

/** The queue of the archive. `prefix` is `TRYON_TASK_QUEUE`. */
export const archiveTaskQueue = (prefix: string = defaults.taskQueue): string => `${prefix}-archive`;

/** The queue of the posts to webhooks. `prefix` is `TRYON_TASK_QUEUE`. */
export const webhookTaskQueue = (prefix: string = defaults.taskQueue): string => `${prefix}-webhook`;

/** The workflow id of the delivery of one wait's events to one webhook. */
export const webhookWorkflowId = (webhook: string, waitId: string): string => `tryon-webhook-${webhook}-${waitId}`;
/** The workflow id of a job. */
export const jobWorkflowId = (requestId: string): string => `tryon-job-${requestId}`;

/** The queue of an account's submit calls. `prefix` is `TRYON_TASK_QUEUE`. */
export const submitTaskQueue = (account: string = defaults.account, prefix: string = defaults.taskQueue): string =>
  account === defaults.account ? `${prefix}-submit` : `${prefix}-submit-${account}`;

// Each leaf's message is the remedy. `check.ts` puts the field and its value before it.
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const timeRemedy = 'give an RFC 3339 time such as 2026-01-31T12:00:00Z';
const time = v.pipe(
  v.string(timeRemedy),
  v.regex(rfc3339, timeRemedy),
  v.check((text) => !Number.isNaN(Date.parse(text)), timeRemedy),
  v.metadata({ format: 'date-time' }),
);
const taskIdForm = new RegExp(`^[\\x21-\\x7e]{1,${limits.taskIdLength}}$`);
const taskIdRemedy = `give 1 to ${limits.taskIdLength} visible ASCII characters`;
const taskId = v.pipe(
  v.string(taskIdRemedy),
  v.regex(taskIdForm, taskIdRemedy),
  v.description('What the vendor returned to the submit call'),
);
const secondsRemedy = `give ${limits.timeoutSecondsMin} to ${limits.timeoutSecondsMax}`;
const timeoutSeconds = v.pipe(
  v.number(secondsRemedy),
  v.minValue(limits.timeoutSecondsMin, secondsRemedy),
  v.maxValue(limits.timeoutSecondsMax, secondsRemedy),
);
const countRemedy = 'give a whole number from 1';
const count = v.pipe(v.number(countRemedy), v.integer(countRemedy), v.minValue(1, countRemedy));
const accountRemedy = 'give 1 to 40 of a-z, 0-9 and -';
const account = v.pipe(
  v.string(accountRemedy),
  v.regex(/^[a-z0-9-]{1,40}$/, accountRemedy),
  v.description('Which configured vendor account to use'),
);
/** A lone surrogate cannot be written as UTF-8. */
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const printable200 = /^[^\x00-\x1f\x7f]{1,200}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const printable1000 = /^[^\x00-\x1f\x7f]{1,1000}$/;
const nameRemedy = 'give 1 to 200 characters, none of them a control character';
const name = v.pipe(v.string(nameRemedy), v.regex(printable200, nameRemedy), v.check(isWellFormed, nameRemedy));
const workflowIdRemedy = 'give a workflow id of 1 to 1000 characters, none of them a control character';
const workflowId = v.pipe(
  v.string(workflowIdRemedy),
  v.regex(printable1000, workflowIdRemedy),
  v.check(isWellFormed, workflowIdRemedy),
);
const signalRemedy = 'give a signal name of 1 to 200 characters that does not begin with __';
const signal = v.pipe(
  v.string(signalRemedy),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  v.regex(/^(?!__)[^\x00-\x1f\x7f]{1,200}$/, signalRemedy),
  v.check(isWellFormed, signalRemedy),
);
const yesNo = v.boolean('give true or false');

const webhookRemedy = 'give the name of a webhook, 1 to 40 of a-z, 0-9 and -';
const webhook = v.optional(
  v.pipe(
    v.string(webhookRemedy),
    v.regex(/^[a-z0-9-]{1,40}$/, webhookRemedy),
    v.description('A webhook that is configured on the workers, in place of a workflow'),
  ),
);
const subscriberTimeout = v.optional(
  v.pipe(timeoutSeconds, v.description("From now; it can only lengthen the wait's own deadline")),
);

/** A subscriber is either a workflow or a webhook: fields of one exclude those of the other. */
const receiver = <const S extends v.GenericSchema<{ workflowId?: string | undefined; webhook?: string | undefined }>>(
  schema: S,
) =>
  v.pipe(
    schema,
    v.check(
      ({ workflowId, webhook }) => workflowId !== undefined || webhook !== undefined,
      'give a workflowId, or the name of a webhook',
    ),
    v.check(
      ({ webhook, ...rest }) => webhook === undefined || Object.keys(rest).every((key) => key === 'timeoutSeconds'),
      'give a workflowId or a webhook, and runId and signal of a workflow alone',
    ),
    // `properties` beside `required`, because strict validators ask for it.
    v.metadata({
      oneOf: [
        { properties: { workflowId: true }, required: ['workflowId'] },
        { properties: { webhook: true }, required: ['webhook'] },
      ],
    }),
  );

/** A workflow that gets events as signals. `workflowId` and `signal` identify it. */
export interface WorkflowSubscriber {
  workflowId: string;
  runId?: string | undefined;
  /** Default `tryOnEvent`. */
  signal?: string | undefined;
  /** From now; it can only lengthen the wait's own deadline. */
  timeoutSeconds?: number | undefined;
  webhook?: undefined;
}

/** A webhook that gets events as Standard Webhooks. `webhook`, its name on the workers, identifies it. */
export interface WebhookSubscriber {
  webhook: string;
  timeoutSeconds?: number | undefined;
  workflowId?: undefined;
  runId?: undefined;
  signal?: undefined;
}

/** Who gets a wait's events: a workflow, or a webhook. */
export type Subscriber = WorkflowSubscriber | WebhookSubscriber;
/** Which subscriber leaves. */
export type Unsubscribe =
  | Pick<WorkflowSubscriber, 'workflowId' | 'signal' | 'webhook'>
  | Pick<WebhookSubscriber, 'webhook' | 'workflowId' | 'signal'>;

const subscriberEntries = {
  workflowId: v.optional(workflowId),
  runId: v.optional(v.pipe(v.string('give a run id'), v.regex(/^[\x21-\x7e]{1,200}$/, 'give a run id'))),
  signal: v.optional(v.pipe(signal, v.description('Default tryOnEvent'))),
  webhook,
  timeoutSeconds: subscriberTimeout,
};

/** A workflow that gets a wait's events as signals, or a webhook that gets them posted: see {@link Subscriber}. */
export const SubscriberSchema = receiver(v.strictObject(subscriberEntries)) as unknown as v.GenericSchema<Subscriber>;

/** Input of the update `unsubscribe`: which subscriber leaves. */
export const UnsubscribeSchema = receiver(
  v.strictObject({ workflowId: v.optional(workflowId), signal: v.optional(signal), webhook }),
) as unknown as v.GenericSchema<Unsubscribe>;

/** Input of the update `setTimeout`. */
export const SetTimeoutSchema = v.strictObject({
  timeoutSeconds: v.pipe(timeoutSeconds, v.description('From now')),
});

const apiNames = Object.keys(apiVendors) as ApiName[];
const api = v.optional(
  v.pipe(
    v.picklist(apiNames, `give ${apiNames.slice(0, -1).join(', ')} or ${apiNames.at(-1)}`),
    v.description('Which API of which vendor has the task; default tryon'),
  ),
);
const cancelTask = v.optional(
  v.pipe(
    yesNo,
    v.description(
      'Also cancel a task that has not begun at the vendor, if the wait is cancelled and the vendor can; default false',
    ),
  ),
);

/** Input of the workflow `tryOnResults`. */
export const TryOnResultsInputSchema = v.strictObject({
  taskId,
  api,
  submittedAt: v.optional(
    v.pipe(time, v.description('When the vendor accepted the task; default: the start of the workflow')),
  ),
  timeoutSeconds: v.optional(
    v.pipe(timeoutSeconds, v.description('How long to wait, from the start of the workflow; default 3600')),
  ),
  expectedImages: v.optional(v.pipe(count, v.description('Fewer than this at the end sets shortfall'))),
  account: v.optional(account),
  notify: v.optional(
    v.pipe(
      v.array(SubscriberSchema, 'give a list of subscribers'),
      v.maxLength(limits.notified, `give at most ${limits.notified} subscribers`),
      v.description('Workflows to signal, besides the parent, and webhooks'),
    ),
  ),
  notifyParent: v.optional(v.pipe(yesNo, v.description('Signal the parent of a child wait; default true'))),
  cancelTask,
});

const requestIdRemedy = `give 1 to ${limits.taskIdLength} visible ASCII characters`;
const requestId = v.pipe(
  v.string(requestIdRemedy),
  v.regex(taskIdForm, requestIdRemedy),
  v.description("The caller's name for this request; the same one is never submitted twice"),
);
const requestRemedy = `give an object or a list of objects, at most ${limits.requestBytes / 1024} KiB of JSON`;
const request = v.pipe(
  v.unknown(),
  v.check((value) => typeof value === 'object' && value !== null, requestRemedy),
  v.check((value) => jsonBytes(value) <= limits.requestBytes, requestRemedy),
  v.check((value) => !hasUnsafeInteger(value), 'give integers beyond 2^53 as text; their last digits are lost'),
  v.description("What the vendor's submit call takes; passed on as it is"),
);

/** A task of a listing that the vendor has already. */
export interface ListingTaskById {
  taskId: string;
  api?: ApiName | undefined;
  garmentId?: string | undefined;
  submittedAt?: string | undefined;
  expectedImages?: number | undefined;
  requestId?: undefined;
  request?: undefined;
}

/** A task of a listing that is still to be submitted: a job does that, and the rest. */
export interface ListingTaskByRequest {
  /** The caller's name for this request; the same one is never submitted twice. */
  requestId: string;
  /** What the vendor's submit call takes. */
  request: unknown;
  api?: ApiName | undefined;
  garmentId?: string | undefined;
  expectedImages?: number | undefined;
  taskId?: undefined;
  submittedAt?: undefined;
}

/** One task of a listing: a task id, or a request with an id of the caller's. */
export type ListingTask = ListingTaskById | ListingTaskByRequest;

const listingTaskEntries = {
  taskId: v.optional(taskId),
  requestId: v.optional(requestId),
  request: v.optional(request),
  api,
  garmentId: v.optional(name),
  submittedAt: v.optional(v.pipe(time, v.description('Of a task with a taskId'))),
  expectedImages: v.optional(count),
};

/** The fields of a listing's task, in the order of {@link ListingTaskSchema}. */
export const listingTaskFields = Object.keys(listingTaskEntries) as readonly (keyof typeof listingTaskEntries)[];

/** One task of a listing. */
export const ListingTaskSchema = v.pipe(
  v.strictObject(listingTaskEntries),
  v.check(
    ({ taskId, requestId, request }) =>
      taskId === undefined
        ? requestId !== undefined && request !== undefined
        : requestId === undefined && request === undefined,
    'give either taskId, or requestId and request',
  ),
  v.check(
    ({ taskId, submittedAt }) => taskId !== undefined || submittedAt === undefined,
    'give submittedAt with a taskId alone',
  ),
  v.metadata({
    oneOf: [
      { properties: { taskId: true, requestId: false, request: false }, required: ['taskId'] },
      {
        properties: { requestId: true, request: true, taskId: false, submittedAt: false },
        required: ['requestId', 'request'],
      },
    ],
  }),
) as unknown as v.GenericSchema<ListingTask>;

const isEachOnce = (ids: readonly (string | undefined)[]): boolean => {
  const known = ids.filter((id) => id !== undefined);
  return new Set(known).size === known.length;
};

const listingRequestsRemedy = `give at most ${limits.listingRequestBytes / 1024} KiB of JSON in all requests together, and add further tasks to the running listing`;

/** Bytes of JSON of the requests of tasks. */
export const requestBytesOf = (tasks: readonly { readonly request?: unknown }[]): number =>
  tasks.reduce((sum, { request }) => sum + (request === undefined ? 0 : jsonBytes(request)), 0);

/** Input of the workflow `tryOnListing`. */
export const TryOnListingInputSchema = v.strictObject({
  listingId: name,
  tasks: v.pipe(
    v.array(ListingTaskSchema, 'give a list of tasks'),
    v.maxLength(limits.listingTasks, `give at most ${limits.listingTasks} tasks`),
    v.check((tasks) => isEachOnce(tasks.map((task) => task.taskId)), 'give each taskId once'),
    v.check((tasks) => isEachOnce(tasks.map((task) => task.requestId)), 'give each requestId once'),
    v.check((tasks) => requestBytesOf(tasks) <= limits.listingRequestBytes, listingRequestsRemedy),
  ),
  timeoutSeconds: v.optional(timeoutSeconds),
  minimumImages: v.optional(count),
  account: v.optional(account),
  api,
  notify: v.optional(
    v.pipe(
      v.array(SubscriberSchema, 'give a list of subscribers'),
      v.maxLength(limits.listingNotified, `give at most ${limits.listingNotified} subscribers`),
      v.description("Subscribers of every task's wait or job, such as a webhook"),
    ),
  ),
});

/** Input of the workflow `tryOnJob`. */
export const TryOnJobInputSchema = v.pipe(
  v.strictObject({
    requestId,
    request: v.optional(request),
    taskId: v.optional(v.pipe(taskId, v.description('A task that was submitted elsewhere, in place of request'))),
    api,
    timeoutSeconds: v.optional(
      v.pipe(timeoutSeconds, v.description('How long the job may take, from its start; default 3600')),
    ),
    expectedImages: v.optional(v.pipe(count, v.description('Fewer than this at the end sets shortfall'))),
    account: v.optional(account),
    archive: v.optional(
      v.pipe(yesNo, v.description('Whether images are archived; default: true if the worker has a store')),
    ),
    notify: TryOnResultsInputSchema.entries.notify,
    notifyParent: v.optional(v.pipe(yesNo, v.description('Signal the parent of a child job; default true'))),
    cancelTask,
  }),
  v.check((job) => (job.request === undefined) !== (job.taskId === undefined), 'give either request or taskId'),
);

/** Input of the update `resolveSubmission`: how a job that may have been submitted goes on. */
export const ResolveSubmissionSchema = v.pipe(
  v.strictObject({
    taskId: v.optional(v.pipe(taskId, v.description('It was submitted, and this is the task'))),
    resubmit: v.optional(
      v.pipe(v.literal(true, 'give true'), v.description('It was not submitted: submit it again, which may pay twice')),
    ),
    giveUp: v.optional(v.pipe(v.literal(true, 'give true'), v.description('End the job as unresolved'))),
  }),
  v.check(
    (given) => [given.taskId, given.resubmit, given.giveUp].filter((one) => one !== undefined).length === 1,
    'give one of taskId, resubmit and giveUp',
  ),
);

const whole = v.pipe(v.number(), v.integer());
const location = v.pipe(v.string(), v.description('A file: or s3: URL'));

/** Where an image is archived. Sizes are absent where the file does not say them in its header. */
export const ArchivedImageSchema = v.object({
  location,
  sha256: v.pipe(v.string(), v.description('Of the bytes, as lower-case hex')),
  bytes: whole,
  contentType: v.pipe(v.string(), v.description('By the bytes')),
  width: v.optional(whole),
  height: v.optional(whole),
  renditions: v.optional(
    v.array(v.object({ location, contentType: v.string(), width: whole, height: whole, bytes: whole })),
  ),
});

/** Codes of images that could not be archived. */
export const archiveErrorCodes = ['Expired', 'Forbidden', 'TooLarge', 'NotAnImage', 'Broken', 'StoreFailed'] as const;

/** Why an image is not archived. */
export const ArchiveErrorSchema = v.object({
  layer: v.literal('archive'),
  code: v.picklist(archiveErrorCodes),
  message: v.string(),
});

/** One image of a finished sub-task. */
export const TryOnImageSchema = v.object({
  id: v.pipe(
    v.string(),
    v.description(
      'SHA-256 of the URL before its first ? or #, as 32 characters of lower-case hex; where images of a task share that, the sorted parameters of the query that are no signature, key or time are hashed too',
    ),
  ),
  imageUrl: v.pipe(v.string(), v.description('As the vendor gave it, byte for byte')),
  clothes: v.optional(v.string()),
  subTask: v.pipe(v.number(), v.integer()),
  archived: v.optional(v.pipe(ArchivedImageSchema, v.description('Of jobs only'))),
  archiveError: v.optional(v.pipe(ArchiveErrorSchema, v.description('Of jobs only'))),
});

/** The state of one sub-task. */
export const SubTaskSchema = v.object({
  index: v.pipe(v.number(), v.integer()),
  status: v.picklist(['submitted', 'running', 'finished', 'failed', 'unknown']),
  imageCount: v.pipe(v.number(), v.integer()),
  vendorStatus: v.optional(v.string()),
});

/** Why a wait failed, is blocked or ran out of time. */
export const TryOnErrorSchema = v.object({
  layer: v.picklist(['transport', 'gateway', 'service', 'task']),
  code: v.string(),
  message: v.string(),
  requestId: v.optional(v.string()),
});

/** Why an event does not reach a webhook. `code`: `UnknownWebhook`, `Gone`, `Http<status>`, `ForbiddenAddress` and others. */
export const WebhookErrorSchema = v.object({ layer: v.literal('webhook'), code: v.string(), message: v.string() });

/** A subscriber in a status. `error`: why a webhook gets nothing, such as a name that no worker knows. */
export const SubscriberStatusSchema = v.object({
  ...subscriberEntries,
  error: v.optional(WebhookErrorSchema),
}) as unknown as v.GenericSchema<SubscriberStatus>;

/** How a wait can end. */
export const outcomeStatuses = ['finished', 'partial', 'failed', 'timeout', 'notFound'] as const;

const outcomeFields = {
  taskId: v.string(),
  images: v.array(TryOnImageSchema),
  subTasks: v.array(SubTaskSchema),
  shortfall: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  error: v.optional(TryOnErrorSchema),
  polls: v.pipe(v.number(), v.integer()),
  submittedAt: time,
  finishedAt: time,
  account: v.string(),
  api: v.string(),
  timing: v.object({
    pendingUntil: v.optional(time),
    queuedUntil: v.optional(time),
    runningSeenAt: v.optional(time),
  }),
  imagesOmitted: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
};

/** Result of the workflow `tryOnResults`. */
export const TryOnOutcomeSchema = v.object({ ...outcomeFields, status: v.picklist(outcomeStatuses) });

/** The outcome in an event; a cancelled wait has one too. */
export const TryOnEventOutcomeSchema = v.object({
  ...outcomeFields,
  status: v.picklist([...outcomeStatuses, 'cancelled']),
});

const warnings = v.optional(
  v.pipe(
    v.array(v.string()),
    v.description('What was dropped of what callers sent, such as a malformed signal, newest last'),
  ),
);

/** Answer of the query `tryOnStatus` and of the updates. */
export const TryOnStatusSchema = v.object({
  taskId: v.string(),
  account: v.optional(v.pipe(v.string(), v.description('Which vendor account is asked'))),
  api: v.optional(v.pipe(v.string(), v.description('Which vendor API has the task'))),
  state: v.picklist(['waiting', 'blocked', 'cancelled', ...outcomeStatuses]),
  vendorStatus: v.optional(v.string()),
  images: v.array(TryOnImageSchema),
  subTasks: v.array(SubTaskSchema),
  polls: v.pipe(v.number(), v.integer()),
  submittedAt: time,
  deadline: time,
  error: v.optional(TryOnErrorSchema),
  subscribers: v.array(SubscriberStatusSchema),
  waitId: v.string(),
  sequence: v.pipe(v.number(), v.integer()),
  imagesOmitted: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  warnings,
});

const eventFields = { taskId: v.string(), waitId: v.string(), sequence: v.pipe(v.number(), v.integer()) };

/** What the signal `tryOnEvent` carries. */
export const TryOnEventSchema = v.variant('kind', [
  v.object({ ...eventFields, kind: v.literal('images'), images: v.array(TryOnImageSchema) }),
  v.object({ ...eventFields, kind: v.literal('blocked'), error: TryOnErrorSchema }),
  v.object({ ...eventFields, kind: v.literal('unblocked') }),
  v.object({ ...eventFields, kind: v.literal('snapshot'), status: TryOnStatusSchema }),
  v.object({ ...eventFields, kind: v.literal('outcome'), outcome: TryOnEventOutcomeSchema }),
]);

/** How a job can end. */
export const jobStatuses = [...outcomeStatuses, 'rejected', 'unresolved'] as const;

const jobResultFields = { ...outcomeFields, taskId: v.optional(v.string()), requestId: v.string() };

/** Result of the workflow `tryOnJob`. `rejected`: nothing was bought. `unresolved`: it may have been submitted. */
export const TryOnJobResultSchema = v.object({ ...jobResultFields, status: v.picklist(jobStatuses) });

/** The result in a job's event; a cancelled job has one too. */
export const TryOnJobEventResultSchema = v.object({
  ...jobResultFields,
  status: v.picklist([...jobStatuses, 'cancelled']),
});

/** How far the submission of a job is. */
export const TryOnSubmissionSchema = v.object({
  state: v.picklist(['pending', 'sent', 'accepted', 'rejected', 'maybeSubmitted', 'external']),
  attempts: v.pipe(v.number(), v.integer()),
  error: v.optional(TryOnErrorSchema),
  sentAt: v.optional(time),
  otherTaskIds: v.optional(
    v.pipe(v.array(v.string()), v.description('Tasks that were accepted besides, after a resubmit; up to 20')),
  ),
});

/** States of a job that has not ended. */
export const openJobStates = ['submitting', 'maybeSubmitted', 'waiting', 'blocked', 'archiving'] as const;

/** Answer of the query `tryOnJobStatus` and of a job's updates. */
export const TryOnJobStatusSchema = v.object({
  requestId: v.string(),
  state: v.picklist([...openJobStates, 'cancelled', ...jobStatuses]),
  taskId: v.optional(v.string()),
  api: v.optional(v.pipe(v.string(), v.description('Which vendor API has the task'))),
  submission: TryOnSubmissionSchema,
  images: v.array(TryOnImageSchema),
  deadline: time,
  error: v.optional(TryOnErrorSchema),
  subscribers: v.array(SubscriberStatusSchema),
  waitId: v.string(),
  sequence: v.pipe(v.number(), v.integer()),
  imagesOmitted: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

const jobEventFields = {
  requestId: v.string(),
  taskId: v.optional(v.string()),
  waitId: v.string(),
  sequence: v.pipe(v.number(), v.integer()),
};

/** What the signal `tryOnEvent` carries to a subscriber of a job. */
export const TryOnJobEventSchema = v.variant('kind', [
  v.object({ ...jobEventFields, kind: v.literal('submitted'), taskId: v.string() }),
  v.object({ ...jobEventFields, kind: v.literal('maybeSubmitted'), error: TryOnErrorSchema }),
  v.object({ ...jobEventFields, kind: v.literal('images'), images: v.array(TryOnImageSchema) }),
  v.object({ ...jobEventFields, kind: v.literal('archived'), images: v.array(TryOnImageSchema) }),
  v.object({ ...jobEventFields, kind: v.literal('blocked'), error: TryOnErrorSchema }),
  v.object({ ...jobEventFields, kind: v.literal('unblocked') }),
  v.object({ ...jobEventFields, kind: v.literal('snapshot'), status: TryOnJobStatusSchema }),
  v.object({ ...jobEventFields, kind: v.literal('outcome'), outcome: TryOnJobEventResultSchema }),
]);

/** An image of a listing, with its task. */
export const ListingImageSchema = v.object({
  ...TryOnImageSchema.entries,
  taskId: v.string(),
  requestId: v.optional(v.pipe(v.string(), v.description('Of a task by request'))),
  garmentId: v.optional(v.string()),
});

const listingStates = ['waiting', 'cancelled', 'complete', 'incomplete', 'failed'] as const;

/** Answer of the query `tryOnListingStatus` and of the update `addTask`. */
export const TryOnListingStatusSchema = v.object({
  listingId: v.string(),
  state: v.picklist(listingStates),
  tasks: v.array(
    v.object({
      taskId: v.optional(v.pipe(v.string(), v.description('Absent while the vendor has not accepted the request'))),
      requestId: v.optional(v.pipe(v.string(), v.description('Of a task by request'))),
      garmentId: v.optional(v.string()),
      state: v.string(),
      imageCount: v.pipe(v.number(), v.integer()),
    }),
  ),
  images: v.array(ListingImageSchema),
  deadline: time,
  imagesOmitted: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  warnings,
});

const { images: _images, ...jobResultWithoutImages } = TryOnJobEventResultSchema.entries;
const outcomeOfTask = v.object({
  ...jobResultWithoutImages,
  requestId: v.optional(v.pipe(v.string(), v.description('Of a task by request'))),
});

/** Result of the workflow `tryOnListing`. */
export const TryOnListingResultSchema = v.object({
  listingId: v.string(),
  status: v.picklist(['complete', 'incomplete', 'failed']),
  images: v.array(ListingImageSchema),
  outcomes: v.array(outcomeOfTask),
  imagesOmitted: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

/** The contract's shapes by name; `schemas/<name>.json` is generated from each. */
export const contractSchemas = {
  Subscriber: SubscriberSchema,
  Unsubscribe: UnsubscribeSchema,
  SetTimeout: SetTimeoutSchema,
  TryOnResultsInput: TryOnResultsInputSchema,
  ListingTask: ListingTaskSchema,
  TryOnListingInput: TryOnListingInputSchema,
  TryOnImage: TryOnImageSchema,
  TryOnError: TryOnErrorSchema,
  TryOnOutcome: TryOnOutcomeSchema,
  TryOnStatus: TryOnStatusSchema,
  TryOnEvent: TryOnEventSchema,
  TryOnListingStatus: TryOnListingStatusSchema,
  TryOnListingResult: TryOnListingResultSchema,
  TryOnJobInput: TryOnJobInputSchema,
  ResolveSubmission: ResolveSubmissionSchema,
  TryOnJobResult: TryOnJobResultSchema,
  TryOnJobStatus: TryOnJobStatusSchema,
  TryOnJobEvent: TryOnJobEventSchema,
} as const;

/** See {@link SetTimeoutSchema}. */
export type SetTimeoutInput = v.InferOutput<typeof SetTimeoutSchema>;
/** See {@link TryOnResultsInputSchema}. */
export type TryOnResultsInput = v.InferOutput<typeof TryOnResultsInputSchema>;
/** See {@link TryOnListingInputSchema}. */
export type TryOnListingInput = v.InferOutput<typeof TryOnListingInputSchema>;
/** See {@link TryOnImageSchema}. */
export type TryOnImage = v.InferOutput<typeof TryOnImageSchema>;
/** See {@link ArchivedImageSchema}. */
export type ArchivedImage = v.InferOutput<typeof ArchivedImageSchema>;
/** See {@link ArchiveErrorSchema}. */
export type ArchiveError = v.InferOutput<typeof ArchiveErrorSchema>;
/** Codes of images that could not be archived. */
export type ArchiveErrorCode = ArchiveError['code'];
/** See {@link SubTaskSchema}. */
export type SubTask = v.InferOutput<typeof SubTaskSchema>;
/** A sub-task's status in the contract's words. */
export type SubTaskStatus = SubTask['status'];
/** See {@link TryOnErrorSchema}. */
export type TryOnError = v.InferOutput<typeof TryOnErrorSchema>;
/** See {@link SubscriberStatusSchema}. */
export type SubscriberStatus = Subscriber & { error?: WebhookError | undefined };
/** See {@link WebhookErrorSchema}. */
export type WebhookError = v.InferOutput<typeof WebhookErrorSchema>;
/** The name by which people know a subscriber: its workflow's id, or its webhook. */
export const subscriberName = ({ workflowId, webhook }: Subscriber): string => workflowId ?? `webhook ${webhook}`;
/** How a wait can end. */
export type OutcomeStatus = (typeof outcomeStatuses)[number];
/** See {@link TryOnOutcomeSchema}. */
export type TryOnOutcome = v.InferOutput<typeof TryOnOutcomeSchema>;
/** See {@link TryOnEventOutcomeSchema}. */
export type TryOnEventOutcome = v.InferOutput<typeof TryOnEventOutcomeSchema>;
/** See {@link TryOnStatusSchema}. */
export type TryOnStatus = v.InferOutput<typeof TryOnStatusSchema>;
/** See {@link TryOnEventSchema}. */
export type TryOnEvent = v.InferOutput<typeof TryOnEventSchema>;
/** See {@link ListingImageSchema}. */
export type ListingImage = v.InferOutput<typeof ListingImageSchema>;
/** See {@link TryOnListingStatusSchema}. */
export type TryOnListingStatus = v.InferOutput<typeof TryOnListingStatusSchema>;
/** See {@link TryOnListingResultSchema}. */
export type TryOnListingResult = v.InferOutput<typeof TryOnListingResultSchema>;
/** See {@link TryOnJobInputSchema}. */
export type TryOnJobInput = v.InferOutput<typeof TryOnJobInputSchema>;
/** See {@link ResolveSubmissionSchema}. */
export type ResolveSubmission = v.InferOutput<typeof ResolveSubmissionSchema>;
/** See {@link TryOnSubmissionSchema}. */
export type TryOnSubmission = v.InferOutput<typeof TryOnSubmissionSchema>;
/** How a job can end. */
export type JobStatus = (typeof jobStatuses)[number];
/** See {@link TryOnJobResultSchema}. */
export type TryOnJobResult = v.InferOutput<typeof TryOnJobResultSchema>;
/** See {@link TryOnJobEventResultSchema}. */
export type TryOnJobEventResult = v.InferOutput<typeof TryOnJobEventResultSchema>;
/** See {@link TryOnJobStatusSchema}. */
export type TryOnJobStatus = v.InferOutput<typeof TryOnJobStatusSchema>;
/** See {@link TryOnJobEventSchema}. */
export type TryOnJobEvent = v.InferOutput<typeof TryOnJobEventSchema>;
