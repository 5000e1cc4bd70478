/** The commands with their arguments and options, as data. The parser, `--help`, the types and the tests of the docs use it. */
import { type ApiName, apiVendors, outcomeStatuses } from '../contract.js';
import type { OptionKind, OptionValue } from './parse.js';

/** One option. */
export interface OptionRecord {
  /** Without dashes. The key of its value is this name in camel case. */
  readonly name: string;
  readonly kind: OptionKind;
  readonly description: string;
  /** The placeholder in `--help`. Flags have none. */
  readonly value?: string;
  readonly default?: string | number;
  readonly required?: boolean;
}

/** One argument. */
export interface ArgumentRecord {
  readonly name: string;
  readonly description: string;
  readonly isOptional?: boolean;
}

/** One command. */
export interface CommandRecord {
  /** One line, without a full stop. */
  readonly summary: string;
  /** More lines for `--help`. */
  readonly description?: string;
  readonly arguments?: readonly ArgumentRecord[];
  readonly options?: readonly OptionRecord[];
  readonly examples?: readonly string[];
}

type More = Pick<OptionRecord, 'default' | 'required'>;

const option = <
  const Name extends string,
  const Kind extends OptionKind,
  const Rest extends More = Record<never, never>,
>(
  name: Name,
  kind: Kind,
  value: string,
  description: string,
  rest = {} as Rest,
) => ({ name, kind, value, description, ...rest });

const flag = <const Name extends string>(name: Name, description: string) =>
  ({ name, kind: 'flag', description }) as const;

const json = (what: string) => flag('json', `print ${what} to standard output, everything else to standard error`);

const force = flag('force', 'overwrite an existing file');

const account = option('account', 'account', '<name>', 'vendor account to use');

const apiNames = Object.keys(apiVendors) as ApiName[];
const apiOf = (tasks: string) =>
  option('api', apiNames, '<api>', `vendor API of ${tasks}: ${apiNames.join(', ')} (default tryon)`);
const api = apiOf('the task');

const cancelTask = flag('cancel-task', 'if the wait is cancelled, also cancel a task that has not begun');

const taskId = { name: 'taskId', description: 'task id that the submit call returned' } as const;

/** States that `list` and `watch` can select. */
export const listStates = ['waiting', 'blocked', ...outcomeStatuses, 'cancelled', 'terminated', 'refused'] as const;

const filtersOf = <const States extends readonly string[]>(states: States) =>
  [
    option('state', states, '<state>', 'only waits in this state'),
    option('listing', 'text', '<listingId>', "only the waits for a listing's tasks"),
    option('older-than-seconds', 'positiveNumber', '<seconds>', 'only waits that started at least this long ago'),
    option('limit', 'wholeNumber', '<count>', 'show at most this many', { default: 100 }),
  ] as const;
const filters = filtersOf(listStates);

/** Every command by its name. */
export const commands = {
  worker: {
    summary: 'run a worker until SIGTERM or Ctrl-C; it finishes running activities first',
    description:
      'Settings come from the environment: AIDGE_APP_KEY and AIDGE_APP_SECRET (or ..._FILE), AIDGE_ENDPOINT, TRYON_TASK_QUEUE, TEMPORAL_ADDRESS and others.',
  },
  submit: {
    summary: 'submit a try-on request to the vendor and print the task id',
    description:
      'Sends the request once and never repeats it. If the reply is lost, it reports "maybe submitted" and exits with code 1.',
    options: [
      option(
        'request',
        'text',
        '<file.json>',
        "the vendor's request parameter, an object or a list of objects; - reads standard input",
        { required: true },
      ),
      api,
      flag('pro', 'the same as --api tryon-pro'),
      account,
      json('one JSON document'),
    ],
    examples: ['temporal-tryon submit --request request.json'],
  },
  job: {
    summary: 'submit a request once and wait for its images; start the job, or join it by its request id',
    description:
      'A worker submits the request. The same request id is never submitted twice; a job that has ended prints its stored result. Ctrl-C stops only this command; the job continues. Exit code 3: the result is not `finished`.',
    options: [
      option(
        'request',
        'text',
        '<file.json>',
        "the vendor's request parameter, an object or a list of objects; - reads standard input",
        { required: true },
      ),
      option('request-id', 'text', '<id>', 'your name for this request (default: a new one, which is printed)'),
      api,
      flag('pro', 'the same as --api tryon-pro'),
      option('timeout-seconds', 'seconds', '<seconds>', 'how long the job may take (default 3600)'),
      option('expected-images', 'wholeNumber', '<count>', 'report a shortfall if the job ends with fewer images'),
      account,
      cancelTask,
      json('the result as one JSON document'),
    ],
    examples: ['temporal-tryon job --request request.json --request-id order-42'],
  },
  listing: {
    summary: 'wait for the tasks of a listing, and submit its requests; start the listing, or join it by its id',
    description: [
      'The file is JSON (a list of tasks, or an object with listingId, tasks and other fields of the input) or CSV (a header, then a row for each',
      'task). Fields and columns of a task: taskId, or requestId and request (JSON); api, garmentId, submittedAt, expectedImages.',
      'Wrong rows are reported together, and nothing starts. A worker submits each request once, at the rate of AIDGE_SUBMITS_PER_MINUTE.',
      'Ctrl-C stops only this command; the listing continues. Exit code 3: the result is not `complete`.',
    ].join('\n'),
    options: [
      option('file', 'text', '<tasks>', 'JSON or CSV with the tasks; - reads standard input', { required: true }),
      option('listing-id', 'text', '<id>', 'your name for the listing; needed unless the file has it'),
      option('timeout-seconds', 'seconds', '<seconds>', 'how long the listing may take (default 3600)'),
      option('minimum-images', 'wholeNumber', '<count>', 'call it complete if it has so many images, and only then'),
      apiOf('the tasks that name none'),
      account,
      flag('detach', 'start the listing and do not wait for its end'),
      json('the result as one JSON document'),
    ],
    examples: ['temporal-tryon listing --file tasks.csv --listing-id spring-dresses --timeout-seconds 14400'],
  },
  resolve: {
    summary: 'say how a job goes on whose request may have been submitted',
    description: [
      'Search for the task at the vendor first. Without an option it shows the job. --resubmit pays twice if the first request was submitted;',
      'it is refused in the first 5 minutes after the send. Needs a running worker.',
    ].join('\n'),
    arguments: [{ name: 'requestId', description: 'request id of the job' }],
    options: [
      option('task-id', 'text', '<id>', 'it was submitted, and this is the task'),
      flag('resubmit', 'it was not submitted: submit it again'),
      flag('give-up', 'end the job as unresolved'),
      json('the status of the job as one JSON document'),
    ],
    examples: [
      'temporal-tryon list --state maybeSubmitted',
      'temporal-tryon resolve order-42 --task-id 1900000000000000',
    ],
  },
  wait: {
    summary: "wait for a task's images; start the wait, or join it if it is running",
    description: 'Ctrl-C stops only this command; the wait continues. Exit code 3: the outcome is not `finished`.',
    arguments: [taskId],
    options: [
      option('timeout-seconds', 'seconds', '<seconds>', 'how long to wait (default 3600)'),
      option('expected-images', 'wholeNumber', '<count>', 'report a shortfall if the wait ends with fewer images'),
      option('submitted-at', 'time', '<time>', 'when the vendor accepted the task (RFC 3339; default: now)'),
      api,
      account,
      cancelTask,
      json('the outcome as one JSON document'),
    ],
    examples: ['temporal-tryon wait 1900000000000000 --expected-images 4'],
  },
  status: {
    summary: 'show a wait: state, images, the pending poll and any problem',
    arguments: [taskId],
    options: [json('one JSON document')],
  },
  list: {
    summary: 'list waits, newest first',
    description:
      'With --state maybeSubmitted it lists jobs: those whose request may have been submitted, which `resolve` waits for.',
    options: [...filtersOf([...listStates, 'maybeSubmitted']), json('one JSON document per wait and line')],
    examples: ['temporal-tryon list --state blocked --older-than-seconds 3600'],
  },
  watch: {
    summary: 'watch waits: a live table on a terminal, elsewhere one line per change',
    description: [
      'Without --state it shows the waits that are running, and those that end while it watches. Ctrl-C stops only this command.',
      'Each refresh lists the waits once and reads those that are shown and may have changed, four at a time.',
    ].join('\n'),
    options: [
      ...filters,
      option('interval', 'interval', '<seconds>', 'time between two refreshes', { default: 2 }),
      flag('once', 'print the table once and exit'),
      json('one JSON document per change and line'),
    ],
    examples: ['temporal-tryon watch --listing spring-dresses', 'temporal-tryon watch --json | jq .state'],
  },
  results: {
    summary: 'print the image URLs of a task or a listing; with --html write a contact sheet',
    description: [
      'Works for waits in any state and shows the images that exist so far. The contact sheet is one self-contained file. It loads the images',
      'only after you press its button, unless you give --load-images. The command itself downloads no image.',
    ].join('\n'),
    arguments: [{ ...taskId, isOptional: true }],
    options: [
      option('listing', 'text', '<listingId>', 'all tasks of a listing, in place of <taskId>'),
      option('html', 'text', '<file.html>', 'write a contact sheet'),
      flag('load-images', 'let the contact sheet load the images when it is opened'),
      force,
      json('one JSON document'),
    ],
    examples: [
      'temporal-tryon results 1900000000000000 --html sheet.html',
      'temporal-tryon results --listing spring-dresses --html sheet.html --force',
    ],
  },
  subscribe: {
    summary: "signal a wait's images and outcome to a workflow, or post them to a webhook; --remove ends that",
    description: 'Earlier events are not sent again; the answer shows the images so far. Needs a running worker.',
    arguments: [taskId],
    options: [
      option('workflow-id', 'text', '<id>', 'the workflow to signal'),
      option('webhook', 'account', '<name>', 'the webhook to post to, in place of a workflow'),
      option('run-id', 'text', '<id>', 'only this run of the workflow'),
      option('signal', 'text', '<name>', 'signal to send (default: tryOnEvent)'),
      option('timeout-seconds', 'seconds', '<seconds>', 'let the wait run at least this long from now'),
      flag('remove', 'end the subscription'),
      json('the status as one JSON document'),
    ],
    examples: [
      'temporal-tryon subscribe 1900000000000000 --workflow-id shop-42',
      'temporal-tryon subscribe 1900000000000000 --workflow-id shop-42 --remove',
      'temporal-tryon subscribe 1900000000000000 --webhook shop',
    ],
  },
  webhooks: {
    summary: 'list events that webhooks have not accepted; --resend sends those again that were given up',
    description: [
      'An event is tried for 3 days and then given up, or at once if the receiver answers 410. It is kept for 30 days. Needs a running worker.',
    ].join('\n'),
    options: [
      option('webhook', 'account', '<name>', 'only events for this webhook'),
      option('resend', 'text', '<id>', 'send again what this line of the list gave up; `all`: what every line did'),
      option('limit', 'wholeNumber', '<count>', 'show at most this many', { default: 100 }),
      json('one JSON document per line of the list'),
    ],
    examples: ['temporal-tryon webhooks --webhook shop', 'temporal-tryon webhooks --webhook shop --resend all'],
  },
  cancel: {
    summary: 'cancel a wait; its subscribers get an outcome event',
    arguments: [taskId],
    options: [json('one JSON document')],
  },
  'poll-now': {
    summary: 'poll the vendor now instead of at the next scheduled time',
    description: 'At most once a second, and never during a pause that the vendor ordered.',
    arguments: [taskId],
    options: [json('the status as one JSON document')],
  },
  model: {
    summary: 'show what finished waits teach: task durations and schedule',
    description:
      'Reads the newest finished waits of TRYON_TASK_QUEUE in the namespace, as a worker does when it starts.',
    options: [
      option('limit', 'wholeNumber', '<count>', 'finished waits to read', { default: 300 }),
      option('svg', 'text', '<file.svg>', 'write a plot of the distribution and schedule'),
      force,
      json('one JSON document'),
    ],
    examples: ['temporal-tryon model --svg model.svg'],
  },
  budget: {
    summary: "show or set an account's budget: the rate limit of its vendor queue",
    description: [
      'Without an account: all that have a key here; with --set or --clear: the default one. Workers set the limit from AIDGE_QUERIES_PER_SECOND when',
      'they start, unless it was set here: then it stays until --clear. --set 0 stops the queue: no poll leaves it, final polls neither.',
    ].join('\n'),
    arguments: [{ name: 'account', description: 'vendor account', isOptional: true }],
    options: [
      option('set', 'rate', '<queries/s>', 'the budget in queries per second, as in AIDGE_QUERIES_PER_SECOND'),
      option('reason', 'text', '<text>', 'why, for those who read it later; with --set'),
      flag('clear', 'give the limit back to the workers: theirs applies within half a minute'),
      json('one JSON document'),
    ],
    examples: [
      'temporal-tryon budget',
      'temporal-tryon budget outlet --set 5 --reason "the vendor throttles us"',
      'temporal-tryon budget outlet --clear',
    ],
  },
  emulator: {
    summary: 'run an emulator of the vendor until Ctrl-C',
    description: 'Prints the settings that make a worker, `submit` and `doctor` use it.',
    options: [
      option('port', 'port', '<port>', 'port (default: a free one)'),
      option('host', 'text', '<address>', 'address to listen on', { default: '127.0.0.1' }),
      option('app-key', 'text', '<key>', 'key to accept (default: AIDGE_APP_KEY, else a generated one)'),
      option('api', 'text', '<names>', 'APIs whose settings are printed, separated by commas', { default: 'tryon' }),
      option('seed', 'wholeNumber', '<number>', 'seed of ids and durations (default: a new one each time)'),
      option('median-seconds', 'positiveNumber', '<seconds>', 'median task duration', { default: 40 }),
      option(
        'p95-seconds',
        'positiveNumber',
        '<seconds>',
        '95th percentile of task durations (default: three times the median)',
      ),
      option('tail-weight', 'share', '<share>', 'share of tasks that take far longer', { default: 0.03 }),
      option('fixed-seconds', 'positiveNumber', '<seconds>', 'give every task exactly this duration'),
      option(
        'script',
        'text',
        '<behaviour>',
        'how to answer the polls of each task; --list-behaviours names the choices',
      ),
      option(
        'submit-script',
        'text',
        '<behaviour>',
        'how to answer submits, such as submit-reply-lost; --list-behaviours names the choices',
      ),
      option('latency-ms', 'wholeNumber', '<ms>', 'delay every reply by this much'),
      flag('lenient', 'accept every call, even unsigned ones'),
      flag('list-behaviours', 'print the behaviours and exit'),
      json('its address and key as one JSON document'),
    ],
  },
  demo: {
    summary: 'run the main job end to end: submit, wait, images, archive, contact sheet',
    description:
      'Uses the Temporal server at TEMPORAL_ADDRESS, or starts one. It calls only the emulator, never the vendor, and opens nothing.',
    options: [
      flag('keep', 'keep everything running until Ctrl-C'),
      option('tasks', 'wholeNumber', '<count>', 'try-on tasks to submit', { default: 3 }),
      option('api', 'text', '<names>', 'APIs of the tasks, in turn, separated by commas', { default: 'tryon' }),
      option('seconds', 'positiveNumber', '<seconds>', 'median task duration', { default: 3 }),
      option('archive', 'text', '<folder>', 'where images are archived (default: a new temporary folder)'),
      option('port', 'port', '<port>', 'port of the Temporal server (default: a free one)'),
      option('ui-port', 'port', '<port>', 'port of the Temporal UI (default: a free one)'),
      option('emulator-port', 'port', '<port>', 'port of the emulator (default: a free one)'),
      option('namespace', 'text', '<name>', 'Temporal namespace (default: default)'),
      json("the listing's result as one JSON document"),
    ],
    examples: ['temporal-tryon demo --api aidge-2026,dashscope,fashn'],
  },
  'codec-server': {
    summary: 'decrypt payloads for the Temporal UI and CLI until SIGTERM or Ctrl-C',
    description:
      'Takes keys from TRYON_CODEC_KEYS or TRYON_CODEC_KEYS_FILE, like the worker. Callers must send the token in TRYON_CODEC_TOKEN or TRYON_CODEC_TOKEN_FILE. Without a token it serves only the loopback interface.',
    options: [
      option('port', 'portOrFree', '<port>', 'port; 0 for a free one', { default: 8234 }),
      option('host', 'text', '<address>', 'address to listen on', { default: '127.0.0.1' }),
      option('allow-origin', 'texts', '<origin>', 'origin of a Temporal UI that may call; can be repeated'),
      json('its address as one JSON document'),
    ],
    examples: ['temporal-tryon codec-server --allow-origin http://localhost:8233'],
  },
  doctor: {
    summary: 'check server, namespace, queues, key, vendor and clock; name a remedy for each failure',
    description: 'Exit code 1: a check failed. Makes one call to the vendor, for the results of a made-up task.',
    options: [json('one JSON document')],
  },
  complete: {
    summary: 'print a script that completes commands and options in your shell',
    description: 'Source it in your shell as shown below. It runs the program at each press of the Tab key.',
    arguments: [{ name: 'shell', description: 'bash, zsh, fish or powershell' }],
    examples: ['source <(temporal-tryon complete bash)', 'temporal-tryon complete fish | source'],
  },
} as const satisfies Readonly<Record<string, CommandRecord>>;

type Commands = typeof commands;

/** Name of a command. */
export type CommandName = keyof Commands;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type ValueOf<Option extends OptionRecord> =
  | OptionValue<Option['kind']>
  | (Option extends { readonly default: unknown } | { readonly required: true } ? never : undefined);

/** The argument texts of a command, in order. */
export type ArgumentsOf<Name extends CommandName> = Commands[Name] extends {
  readonly arguments: infer List extends readonly ArgumentRecord[];
}
  ? { readonly [At in keyof List]: List[At] extends { readonly isOptional: true } ? string | undefined : string }
  : readonly [];

/** The option values of a command by name in camel case; `undefined` for an option that is not given. */
export type OptionsOf<Name extends CommandName> = Commands[Name] extends {
  readonly options: readonly (infer Option extends OptionRecord)[];
}
  ? { readonly [One in Option as CamelCase<One['name']>]: ValueOf<One> }
  : Readonly<Record<never, never>>;
