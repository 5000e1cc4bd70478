/** The commands with their arguments and options, as data. The parser, `--help`, the types and the tests of the docs use it. */
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

const json = (what: string) =>
  ({
    name: 'json',
    kind: 'flag',
    description: `print ${what} to standard output, everything else to standard error`,
  }) as const;

const account = {
  name: 'account',
  kind: 'account',
  value: '<name>',
  description: 'vendor account to use',
} as const;

const taskId = { name: 'taskId', description: 'task id that the submit call returned' } as const;

/** States that `list` and `watch` can select. */
export const listStates = [
  'waiting',
  'blocked',
  'finished',
  'partial',
  'failed',
  'timeout',
  'notFound',
  'cancelled',
  'terminated',
  'refused',
] as const;

const filters = [
  { name: 'state', kind: listStates, value: '<state>', description: 'only waits in this state' },
  { name: 'listing', kind: 'text', value: '<listingId>', description: "only the waits for a listing's tasks" },
  {
    name: 'older-than-seconds',
    kind: 'positiveNumber',
    value: '<seconds>',
    description: 'only waits that started at least this long ago',
  },
  { name: 'limit', kind: 'wholeNumber', value: '<count>', description: 'show at most this many', default: 100 },
] as const;

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
      {
        name: 'request',
        kind: 'text',
        value: '<file.json>',
        description: "the vendor's request parameter, an object or a list of objects; - reads standard input",
        required: true,
      },
      { name: 'pro', kind: 'flag', description: 'use the newer call, tryon-pro' },
      account,
      json('one JSON document'),
    ],
    examples: ['temporal-tryon submit --request request.json'],
  },
  wait: {
    summary: "wait for a task's images; start the wait, or join it if it is running",
    description: 'Ctrl-C stops only this command; the wait continues. Exit code 3: the outcome is not `finished`.',
    arguments: [taskId],
    options: [
      { name: 'timeout-seconds', kind: 'seconds', value: '<seconds>', description: 'how long to wait (default 3600)' },
      {
        name: 'expected-images',
        kind: 'wholeNumber',
        value: '<count>',
        description: 'report a shortfall if the wait ends with fewer images',
      },
      {
        name: 'submitted-at',
        kind: 'time',
        value: '<time>',
        description: 'when the vendor accepted the task (RFC 3339; default: now)',
      },
      account,
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
    options: [...filters, json('one JSON document per wait and line')],
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
      {
        name: 'interval',
        kind: 'interval',
        value: '<seconds>',
        description: 'time between two refreshes',
        default: 2,
      },
      { name: 'once', kind: 'flag', description: 'print the table once and exit' },
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
      {
        name: 'listing',
        kind: 'text',
        value: '<listingId>',
        description: 'all tasks of a listing, in place of <taskId>',
      },
      { name: 'html', kind: 'text', value: '<file.html>', description: 'write a contact sheet' },
      { name: 'load-images', kind: 'flag', description: 'let the contact sheet load the images when it is opened' },
      { name: 'force', kind: 'flag', description: 'overwrite an existing file' },
      json('one JSON document'),
    ],
    examples: [
      'temporal-tryon results 1900000000000000 --html sheet.html',
      'temporal-tryon results --listing spring-dresses --html sheet.html --force',
    ],
  },
  subscribe: {
    summary: "signal a wait's images and outcome to a workflow; --remove ends that",
    description: 'Earlier events are not sent again; the answer shows the images so far. Needs a running worker.',
    arguments: [taskId],
    options: [
      {
        name: 'workflow-id',
        kind: 'text',
        value: '<id>',
        description: 'the workflow to signal',
        required: true,
      },
      { name: 'run-id', kind: 'text', value: '<id>', description: 'only this run of the workflow' },
      { name: 'signal', kind: 'text', value: '<name>', description: 'signal to send (default: tryOnEvent)' },
      {
        name: 'timeout-seconds',
        kind: 'seconds',
        value: '<seconds>',
        description: 'let the wait run at least this long from now',
      },
      { name: 'remove', kind: 'flag', description: 'end the subscription' },
      json('the status as one JSON document'),
    ],
    examples: [
      'temporal-tryon subscribe 1900000000000000 --workflow-id shop-42',
      'temporal-tryon subscribe 1900000000000000 --workflow-id shop-42 --remove',
    ],
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
    summary: 'show what finished waits teach: task durations, poll cost and schedule',
    description:
      'Reads the newest finished waits of TRYON_TASK_QUEUE in the namespace, as a worker does. The poll cost depends on AIDGE_QUERIES_PER_SECOND and on how many waits started recently.',
    options: [
      { name: 'limit', kind: 'wholeNumber', value: '<count>', description: 'finished waits to read', default: 300 },
      { name: 'svg', kind: 'text', value: '<file.svg>', description: 'write a plot of the distribution and schedule' },
      json('one JSON document'),
    ],
    examples: ['temporal-tryon model --svg model.svg'],
  },
  emulator: {
    summary: 'run an emulator of the vendor until Ctrl-C',
    description: 'Prints the settings that make a worker, `submit` and `doctor` use it.',
    options: [
      { name: 'port', kind: 'port', value: '<port>', description: 'port (default: a free one)' },
      { name: 'host', kind: 'text', value: '<address>', description: 'address to listen on', default: '127.0.0.1' },
      {
        name: 'app-key',
        kind: 'text',
        value: '<key>',
        description: 'key to accept (default: AIDGE_APP_KEY, else a generated one)',
      },
      {
        name: 'seed',
        kind: 'wholeNumber',
        value: '<number>',
        description: 'seed of ids and durations (default: a new one each time)',
      },
      {
        name: 'median-seconds',
        kind: 'positiveNumber',
        value: '<seconds>',
        description: 'median task duration',
        default: 40,
      },
      {
        name: 'p95-seconds',
        kind: 'positiveNumber',
        value: '<seconds>',
        description: '95th percentile of task durations (default: three times the median)',
      },
      {
        name: 'tail-weight',
        kind: 'share',
        value: '<share>',
        description: 'share of tasks that take far longer',
        default: 0.03,
      },
      {
        name: 'fixed-seconds',
        kind: 'positiveNumber',
        value: '<seconds>',
        description: 'give every task exactly this duration',
      },
      {
        name: 'script',
        kind: 'text',
        value: '<behaviour>',
        description: 'how to answer the polls of each task; --list-behaviours names the choices',
      },
      { name: 'latency-ms', kind: 'wholeNumber', value: '<ms>', description: 'delay every reply by this much' },
      { name: 'lenient', kind: 'flag', description: 'accept every call, even unsigned ones' },
      { name: 'list-behaviours', kind: 'flag', description: 'print the behaviours and exit' },
      json('its address and key as one JSON document'),
    ],
  },
  demo: {
    summary: 'run the main job end to end: server, emulator, worker and one listing',
    description:
      'Uses the Temporal server at TEMPORAL_ADDRESS, or starts one. It calls only the emulator, never the vendor.',
    options: [
      { name: 'keep', kind: 'flag', description: 'keep everything running until Ctrl-C' },
      { name: 'tasks', kind: 'wholeNumber', value: '<count>', description: 'try-on tasks to submit', default: 3 },
      {
        name: 'seconds',
        kind: 'positiveNumber',
        value: '<seconds>',
        description: 'median task duration',
        default: 3,
      },
      { name: 'port', kind: 'port', value: '<port>', description: 'port of the Temporal server (default: a free one)' },
      { name: 'ui-port', kind: 'port', value: '<port>', description: 'port of the Temporal UI (default: a free one)' },
      {
        name: 'emulator-port',
        kind: 'port',
        value: '<port>',
        description: 'port of the emulator (default: a free one)',
      },
      { name: 'namespace', kind: 'text', value: '<name>', description: 'Temporal namespace (default: default)' },
      json("the listing's result as one JSON document"),
    ],
  },
  'codec-server': {
    summary: 'decrypt payloads for the Temporal UI and CLI until SIGTERM or Ctrl-C',
    description:
      'Takes keys from TRYON_CODEC_KEYS or TRYON_CODEC_KEYS_FILE, like the worker. Callers must send the token in TRYON_CODEC_TOKEN or TRYON_CODEC_TOKEN_FILE. Without a token it serves only the loopback interface.',
    options: [
      { name: 'port', kind: 'portOrFree', value: '<port>', description: 'port; 0 for a free one', default: 8234 },
      { name: 'host', kind: 'text', value: '<address>', description: 'address to listen on', default: '127.0.0.1' },
      {
        name: 'allow-origin',
        kind: 'texts',
        value: '<origin>',
        description: 'origin of a Temporal UI that may call; can be repeated',
      },
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
