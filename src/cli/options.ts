/** The commands, their arguments and options as data: the parser, `--help` and the documents come from here. */

/** How an option's text becomes its value. `flag` takes no text; `texts` may be given again, and is a list. */
export type OptionKind =
  | 'flag'
  | 'text'
  | 'texts'
  | 'port'
  | 'portOrFree'
  | 'wholeNumber'
  | 'positiveNumber'
  | 'share'
  | 'seconds'
  | 'time'
  | 'account'
  | 'interval'
  | readonly string[];

/** One option. */
export interface OptionRecord {
  /** Without dashes; the value's key is this in camel case. */
  readonly name: string;
  readonly kind: OptionKind;
  readonly description: string;
  /** What stands for the value in `--help`; not for flags. */
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
  readonly summary: string;
  /** More lines for `--help`. */
  readonly description?: string;
  readonly arguments?: readonly ArgumentRecord[];
  readonly options?: readonly OptionRecord[];
  readonly examples?: readonly string[];
}

const json = (what: string): OptionRecord => ({
  name: 'json',
  kind: 'flag',
  description: `print ${what} on standard output, all else on standard error`,
});
const account: OptionRecord = {
  name: 'account',
  kind: 'account',
  value: '<name>',
  description: 'vendor account to ask with',
};
const filters: readonly OptionRecord[] = [
  { name: 'listing', kind: 'text', value: '<listingId>', description: "only those of a listing's tasks" },
  {
    name: 'older-than-seconds',
    kind: 'positiveNumber',
    value: '<seconds>',
    description: 'only those begun at least so long ago',
  },
  { name: 'limit', kind: 'wholeNumber', value: '<count>', description: 'at most so many', default: 100 },
];
const taskId = { name: 'taskId', description: 'what the submit call returned' } as const;

/** States by which `list` selects. */
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

/** Every command by its name. */
export const commands = {
  worker: {
    summary: 'run the worker until SIGTERM or Ctrl-C, which let it finish what is in flight',
    description:
      'Settings come from the environment: AIDGE_APP_KEY and AIDGE_APP_SECRET (or ..._FILE), AIDGE_ENDPOINT, TRYON_TASK_QUEUE, TEMPORAL_ADDRESS and the like.',
  },
  submit: {
    summary: 'submit a try-on request to the vendor and print the task id',
    description:
      'The request is sent once and never repeated: where its answer is lost, it is told as "maybe submitted" with exit code 1.',
    options: [
      {
        name: 'request',
        kind: 'text',
        value: '<file.json>',
        description: "the vendor's request parameter, one object or a list; - for standard input",
        required: true,
      },
      { name: 'pro', kind: 'flag', description: 'use the newer call, tryon-pro' },
      account,
      json('one JSON document'),
    ],
    examples: ['temporal-tryon submit --request request.json'],
  },
  wait: {
    summary: "wait for a task's images: starts the wait, or joins the one that runs",
    description: 'Ctrl-C ends only the watching; the wait goes on. Exit code 3: the outcome is not `finished`.',
    arguments: [taskId],
    options: [
      { name: 'timeout-seconds', kind: 'seconds', value: '<seconds>', description: 'how long to wait (default 3600)' },
      {
        name: 'expected-images',
        kind: 'wholeNumber',
        value: '<count>',
        description: 'fewer at the end are told as a shortfall',
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
    summary: 'show a wait: state, images, the poll that is pending, and what is wrong',
    arguments: [taskId],
    options: [json('one JSON document')],
  },
  list: {
    summary: 'list waits, newest first',
    options: [
      { name: 'state', kind: listStates, value: '<state>', description: 'only those in this state' },
      ...filters,
      json('one JSON document for each wait, a line each'),
    ],
    examples: ['temporal-tryon list --state blocked --older-than-seconds 3600'],
  },
  watch: {
    summary: 'show waits as they go on: a live table on a terminal, elsewhere a line for each change',
    description: [
      'Without --state: the waits that run, and those that end while it watches. Ctrl-C ends the watching alone.',
      'Each time it lists once and polls at waits that are shown and may have changed, four at once.',
    ].join('\n'),
    options: [
      { name: 'state', kind: listStates, value: '<state>', description: 'only those in this state' },
      ...filters,
      {
        name: 'interval',
        kind: 'interval',
        value: '<seconds>',
        description: 'between two refreshes',
        default: 2,
      },
      { name: 'once', kind: 'flag', description: 'print the table once and end' },
      json('each change as one JSON document, a line each'),
    ],
    examples: ['temporal-tryon watch --listing spring-dresses', 'temporal-tryon watch --json | jq .state'],
  },
  results: {
    summary: "print the addresses of a task's or a listing's images; with --html write them as a contact sheet",
    description: [
      'For waits that run, have ended or have failed: what there is by now. The sheet is one file without any other; it loads no image',
      'until its button is pressed, unless --load-images is given. The program itself fetches none.',
    ].join('\n'),
    arguments: [{ ...taskId, isOptional: true }],
    options: [
      { name: 'listing', kind: 'text', value: '<listingId>', description: 'instead of a task: all of a listing' },
      { name: 'html', kind: 'text', value: '<file.html>', description: 'write a contact sheet' },
      { name: 'load-images', kind: 'flag', description: 'let the sheet load the images when it is opened' },
      { name: 'force', kind: 'flag', description: 'overwrite a file that is there' },
      json('one JSON document'),
    ],
    examples: [
      'temporal-tryon results 1900000000000000 --html sheet.html',
      'temporal-tryon results --listing spring-dresses --html sheet.html --force',
    ],
  },
  subscribe: {
    summary: "have a workflow signalled of a wait's images and outcome; --remove takes it back",
    description: 'The events so far are not sent again: the answer shows what there is. Needs a worker.',
    arguments: [taskId],
    options: [
      {
        name: 'workflow-id',
        kind: 'text',
        value: '<id>',
        description: 'the workflow that is signalled',
        required: true,
      },
      { name: 'run-id', kind: 'text', value: '<id>', description: 'that run of it alone' },
      { name: 'signal', kind: 'text', value: '<name>', description: 'signal to send (default: tryOnEvent)' },
      {
        name: 'timeout-seconds',
        kind: 'seconds',
        value: '<seconds>',
        description: 'let the wait go on for at least so long from now',
      },
      { name: 'remove', kind: 'flag', description: 'end the subscription instead' },
      json('the status as one JSON document'),
    ],
    examples: [
      'temporal-tryon subscribe 1900000000000000 --workflow-id shop-42',
      'temporal-tryon subscribe 1900000000000000 --workflow-id shop-42 --remove',
    ],
  },
  cancel: {
    summary: 'end a wait; its subscribers are told',
    arguments: [taskId],
    options: [json('one JSON document')],
  },
  'poll-now': {
    summary: 'ask the vendor now instead of at the next planned time',
    description: 'At most once a second, and never inside a pause that the vendor ordered.',
    arguments: [taskId],
    options: [json('the status as one JSON document')],
  },
  model: {
    summary: 'show what finished waits teach: durations and schedule',
    description:
      'Reads the newest finished waits of TRYON_TASK_QUEUE in the namespace, as a worker does when it starts.',
    options: [
      { name: 'limit', kind: 'wholeNumber', value: '<count>', description: 'finished waits to read', default: 300 },
      {
        name: 'svg',
        kind: 'text',
        value: '<file.svg>',
        description: 'write a plot of distribution and schedule to a new file',
      },
      json('one JSON document'),
    ],
    examples: ['temporal-tryon model --svg model.svg'],
  },
  emulator: {
    summary: 'run an emulator of the vendor until Ctrl-C',
    description: 'Prints the settings with which a worker, `submit` and `doctor` talk to it.',
    options: [
      { name: 'port', kind: 'port', value: '<port>', description: 'port (default: a free one)' },
      { name: 'host', kind: 'text', value: '<address>', description: 'address to listen on', default: '127.0.0.1' },
      {
        name: 'app-key',
        kind: 'text',
        value: '<key>',
        description: 'key that it accepts (default: AIDGE_APP_KEY, else one of its own)',
      },
      {
        name: 'seed',
        kind: 'wholeNumber',
        value: '<number>',
        description: 'decides ids and durations; default: another each time',
      },
      {
        name: 'median-seconds',
        kind: 'positiveNumber',
        value: '<seconds>',
        description: 'median of the durations of tasks',
        default: 40,
      },
      {
        name: 'p95-seconds',
        kind: 'positiveNumber',
        value: '<seconds>',
        description: 'their 95th percentile (default: three times the median)',
      },
      { name: 'stuck-share', kind: 'share', value: '<share>', description: 'share of tasks that hang', default: 0.03 },
      {
        name: 'fixed-seconds',
        kind: 'positiveNumber',
        value: '<seconds>',
        description: 'every task takes just so long',
      },
      {
        name: 'script',
        kind: 'text',
        value: '<behaviour>',
        description: 'how it answers queries of each task; --list-behaviours names them',
      },
      { name: 'latency-ms', kind: 'wholeNumber', value: '<ms>', description: 'every answer comes so much later' },
      { name: 'lenient', kind: 'flag', description: 'let any call in, unsigned ones too' },
      { name: 'list-behaviours', kind: 'flag', description: 'print the behaviours and end' },
      json('its address and key as one JSON document'),
    ],
  },
  demo: {
    summary: 'the main job on real parts: server, emulator, worker, and one listing to its end',
    description:
      'Uses the Temporal server that TEMPORAL_ADDRESS names, else starts one. Talks to an emulator only, never to the vendor.',
    options: [
      { name: 'keep', kind: 'flag', description: 'leave everything up until Ctrl-C' },
      { name: 'tasks', kind: 'wholeNumber', value: '<count>', description: 'try-on tasks to submit', default: 3 },
      {
        name: 'seconds',
        kind: 'positiveNumber',
        value: '<seconds>',
        description: 'median duration of a task',
        default: 3,
      },
      { name: 'port', kind: 'port', value: '<port>', description: 'of the Temporal server (default: a free one)' },
      { name: 'ui-port', kind: 'port', value: '<port>', description: 'of the Temporal UI (default: a free one)' },
      { name: 'emulator-port', kind: 'port', value: '<port>', description: 'of the emulator (default: a free one)' },
      { name: 'namespace', kind: 'text', value: '<name>', description: 'Temporal namespace (default: default)' },
      json("the listing's result as one JSON document"),
    ],
  },
  'codec-server': {
    summary: 'decrypt payloads for the Temporal UI and CLI, until SIGTERM or Ctrl-C',
    description:
      'Keys come from TRYON_CODEC_KEYS or TRYON_CODEC_KEYS_FILE, as for the worker. Callers must send the token in TRYON_CODEC_TOKEN or TRYON_CODEC_TOKEN_FILE; without one, only the loopback interface is served.',
    options: [
      { name: 'port', kind: 'portOrFree', value: '<port>', description: 'port; 0 for a free one', default: 8234 },
      { name: 'host', kind: 'text', value: '<address>', description: 'address to listen on', default: '127.0.0.1' },
      {
        name: 'allow-origin',
        kind: 'texts',
        value: '<origin>',
        description: 'origin of a Temporal UI that may call; may be repeated',
      },
      json('its address as one JSON document'),
    ],
    examples: ['temporal-tryon codec-server --allow-origin http://localhost:8233'],
  },
  doctor: {
    summary: 'check the set-up: server, namespace, queues, key, vendor, clock; each with its remedy',
    description: 'Exit code 1: a check failed. Asks the vendor once, for the results of a made-up task.',
    options: [json('one JSON document')],
  },
  complete: {
    summary: 'print a script that completes commands and options in your shell',
    description: 'Sourced by the shell, as in the example; it asks the program at each press of the Tab key.',
    arguments: [{ name: 'shell', description: 'bash, zsh, fish or powershell' }],
    examples: ['source <(temporal-tryon complete bash)', 'temporal-tryon complete fish | source'],
  },
} as const satisfies Readonly<Record<string, CommandRecord>>;

/** Name of a command. */
export type CommandName = keyof typeof commands;

/** What the parser hands to a command: argument texts in order, and option values by name in camel case. */
export interface Invocation {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
}
