/**
 * The faults that a wait must survive, as data: what happens here, and where that is tested. Tests take their names from
 * {@link faultName}; `docs/reliability.md` is generated from this table and a test report.
 */

/** One fault. */
export interface FaultRow {
  readonly number: number;
  readonly title: string;
  /** What happens here; with the reason, if it is surprising. */
  readonly happens: string;
  /** Files of the tests. None: not covered yet. */
  readonly files: readonly string[];
}

const pure = 'test/faults/core.test.ts';
const vendor = 'test/faults/vendor.test.ts';
const commands = 'test/cli/vendor-commands.test.ts';
const cost = 'test/faults/cost.test.ts';
const real = 'test/server/faults.test.ts';
const alone = 'test/server/faults-alone.test.ts';
const time = 'test/time/faults.test.ts';
const kill = 'test/server/kill.test.ts';
const replay = 'test/replay/replay.test.ts';
const reports = 'test/server/reports.test.ts';
const cpu = 'test/hostile/cpu.test.ts';
const resets = 'test/server/reset.test.ts';
const undecodable = 'test/server/undecodable.test.ts';
const archive = 'test/server/archive.test.ts';
const jobs = 'test/server/job-faults.test.ts';
const downloads = 'test/archive/download.test.ts';
const archiver = 'test/archive/archiver.test.ts';
const attributes = 'test/server/search-attributes.test.ts';

const row = (number: number, title: string, happens: string, ...files: string[]): FaultRow => ({
  number,
  title,
  happens,
  files,
});

/** Names of the groups, by the number that each begins with. */
export const faultGroups: Readonly<Record<number, string>> = {
  1: 'Transport',
  19: 'HTTP answers and hints',
  34: 'Time and signing',
  37: 'Meaning of replies',
  52: 'Results',
  60: 'Durability and concurrency',
  75: 'Reports from others and hostile input',
};

/** All rows, by number. */
export const faultRows: readonly FaultRow[] = [
  row(
    1,
    "the vendor's host name is not resolved, or slowly",
    '`DnsFailed`, or `ConnectionFailed` after 5 s for DNS, TCP and TLS together; polled again with backoff until the deadline',
    vendor,
    real,
  ),
  row(
    2,
    'the connection is refused',
    '`ConnectionFailed`; polled again after 1, 2, 4 s up to 60 s, each up to a fifth longer depending on the task',
    pure,
    real,
  ),
  row(
    3,
    'nothing answers the attempt to connect',
    'the attempt ends after 5 s, then as for a refused connection',
    vendor,
    real,
  ),
  row(
    4,
    'the certificate cannot be trusted',
    '`TlsFailed`; the third in a row makes the wait `blocked`, because no vendor code can correct it but a person can. Every parent gets the event, and the wait polls after 5 s, doubling to 5 min. Certificates are verified even if the process turned that off',
    pure,
    vendor,
    real,
  ),
  row(5, 'the connection is reset before the reply', 'polled again', real),
  row(6, 'the connection is reset within the reply', 'polled again', real),
  row(7, 'the reply never begins', 'the attempt ends after 10 s (`Timeout`), polled again', real),
  row(
    8,
    'the reply arrives very slowly',
    'the attempt ends after 15 s in all (`Timeout`), polled again. This one limit also sets the minimum rate: 4 MiB within 15 s. A small reply may be as slow as 15 s allows',
    real,
  ),
  row(
    9,
    'the reply is huge',
    'read up to 4 MiB, then the client stops reading: `TooLarge`, polled again',
    vendor,
    real,
  ),
  row(
    10,
    'the reply decompresses to something huge',
    'the limit counts decompressed bytes: `TooLarge`, polled again',
    vendor,
    real,
  ),
  row(11, 'the JSON is truncated', '`BadBody`, polled again', real),
  row(
    12,
    "a proxy's page or a captcha instead of JSON",
    '`BadBody` with the beginning of the page, polled again',
    real,
  ),
  row(13, 'another content type, a byte order mark, a wrong charset', 'read by content', vendor, real),
  row(14, 'an empty reply', '`BadBody`, never an end; polled again', real),
  row(15, 'a redirect to another host', 'not followed: `Redirected` names the host, polled again', real),
  row(16, 'an endless redirect', 'not followed, like any redirect', real),
  row(17, 'a pooled connection died while idle', 'a second request at once, on a new connection', real),
  row(
    18,
    'more waits than connections',
    '32 connections per host. Waiting for a connection does not count: the time limits of an attempt begin with its connection',
    vendor,
    real,
  ),

  row(19, 'one 500, 502 or 504', 'polled again', real),
  row(20, 'the vendor is down for 20 s', 'polled with backoff; its return is noticed within one interval', time),
  row(
    21,
    'the vendor is down for an hour',
    'after errors of five tasks in a row, one poll per interval stands for all waits of the account in the process. The others are deferred without a query and come back at the rate of the budget. The final poll before a deadline still runs. Simulated with 200 waits; 20 on the time-skipping server, more with OUTAGE_WAITS',
    pure,
    time,
  ),
  row(22, 'asked to stay away for some seconds', 'the wait and all other waits of its account obey', time),
  row(
    23,
    'asked to stay away until a date',
    "counted from the reply's own `Date`, so a wrong clock here has no effect",
    time,
  ),
  row(
    24,
    'asked to stay away in words, for no time, or for a day',
    "limited to the minimum interval and the time left, and reported in the error. No time, or no number, is not a hint: the wait's own backoff applies. The other waits of the account pause for an hour at most",
    pure,
    time,
  ),
  row(
    25,
    'throttled without a stated time',
    'the rate of the whole account is halved, down to a 64th, and recovers within two minutes',
    pure,
    time,
  ),
  row(26, 'a throttle stated in a 200 reply', 'its seconds are read from the text and obeyed', pure, time),
  row(
    27,
    'one request is refused because of a wrong clock',
    "the client learns the offset from the reply's `Date`, signs again and sends again at once; the wait does not notice",
    real,
  ),
  row(
    28,
    'the key is refused for good',
    '`blocked`, with an event to every parent; polled every 5 s, doubling to 5 min, and continues once the key works',
    real,
  ),
  row(29, 'unknown just after the submit', 'polled for 30 s from the submit, then `notFound`', pure, time),
  row(
    30,
    'unknown after it was known',
    'polled once more 5 s later, because one lagging replica must not lose a paid task; then `notFound` with the last known sub-tasks and images',
    real,
  ),
  row(
    31,
    'the request is refused with 400',
    'ends at once as `failed` with the code. A request that can never succeed has no outcome status of its own, and a failed workflow would hide the code from parents',
    real,
  ),
  row(32, '408 and 425', 'polled again', real),
  row(33, 'the quota is used up', '`blocked`, polled slowly, continues after a top-up', real, time),

  row(
    34,
    "the machine's clock jumps by an hour",
    "deadlines are workflow time, and the activity derives the server's time from its attempts and a monotonic clock",
    pure,
    alone,
  ),
  row(35, 'a backoff lies between signature and sending', 'every attempt signs again', real),
  row(36, 'the key is rotated during the wait', 'key and secret are read from their files for every attempt', real),

  row(37, 'an unknown status', 'polled on schedule; the status shows the word, and the polls are counted', pure, real),
  row(38, 'no status, or null', 'like an unknown status', pure, real),
  row(39, 'words and numbers in another case or type', 'normalised', pure, real),
  row(40, 'running, then waiting again', 'accepted; each sub-task keeps its furthest status', pure, real),
  row(41, 'the same reply a hundred times', 'no event, 13 events of history', time),
  row(
    42,
    'finished, then running',
    'the first confirmed end counts: the wait has ended and polls no more. While an end is still being confirmed, the state records the contradiction',
    pure,
    real,
  ),
  row(
    43,
    'failed, then finished',
    'a failure without images is polled once more after 5 s, then accepted; the state records the contradiction',
    pure,
    real,
  ),
  row(44, 'finished without an image', 'polled three times within 15 s, then `failed` with `EmptyResult`', pure, real),
  row(
    45,
    'some sub-tasks failed',
    '`partial`, with the status of each sub-task; the vendor gives no reason for a sub-task',
    pure,
    real,
  ),
  row(46, 'fewer images than expected', 'delivered, with `shortfall`', real),
  row(47, 'an image twice, or in another order', 'each once, in the order of the sub-tasks', pure, real),
  row(48, 'a reply about another task', 'not accepted; the third in a row makes the wait `blocked`', pure, real),
  row(
    49,
    'unknown fields, other nesting, JSON within a text',
    'read as far as possible; if no status is found, the error has 200 characters of the reply. Replies that were understood are not copied: their URLs would fill the history',
    pure,
    real,
  ),
  row(
    50,
    'thousands of images',
    'all delivered, in events of at most 256 KiB; a reply above 4 MiB is `TooLarge`',
    real,
  ),
  row(
    51,
    'the layers contradict each other',
    'gateway before service before task; but a finished task with its images wins over a failed service, because it is paid for',
    pure,
    real,
  ),

  row(
    52,
    'an image URL expires',
    'a job archives each batch as it comes; a refused address is signed anew by one more poll, then `Expired`',
    archive,
    downloads,
  ),
  row(
    53,
    'an image URL on a private network',
    '`Forbidden`: every address of every hop is checked where it is resolved, and is the one connected to',
    archive,
    downloads,
  ),
  row(54, 'an image URL that is not HTTP', '`Forbidden`, also behind a redirect', archive, downloads),
  row(
    55,
    'an image URL with a user name, a port or unusual letters',
    'a user name and ports below 1024 other than 80 and 443 are `Forbidden`; unusual letters are the host that DNS knows',
    downloads,
  ),
  row(
    56,
    'an image that is too large, or not an image',
    'bytes are counted while they come, the type and the pixels are read before anything decodes them: `TooLarge`, `NotAnImage`',
    archive,
    downloads,
    archiver,
  ),
  row(
    57,
    'a download that breaks off',
    'tried five times as a whole; length and checksum must be those of the response, else `Broken`',
    archive,
    downloads,
  ),
  row(58, 'a signed URL with unusual escapes', 'passed on byte for byte', pure, real),
  row(
    59,
    'more than the payload limit',
    'events deliver every image to every subscriber; outcome and status hold as many as fit into 1.5 MiB and say how many more there were',
    pure,
    real,
  ),

  row(
    60,
    'a worker is killed at any point',
    'nothing is lost, no event counts twice for a receiver that drops repeats, at most one additional query per kill',
    kill,
  ),
  row(61, 'new code in the middle of a wait', 'recorded histories of every shape replay with the current code', replay),
  row(62, 'the Temporal server is down', 'waits continue when it is back', kill),
  row(
    63,
    'an attempt runs twice',
    'the same state and reply give the same report; the receiver drops what it has',
    pure,
  ),
  row(64, 'a task is waited for twice', 'the second caller joins the wait', real),
  row(
    65,
    'the reply to a submit is lost',
    'reported as "maybe submitted" and never sent again: the vendor has no key that would identify a repeat. A job waits for a person',
    vendor,
    jobs,
  ),
  row(
    66,
    'a parent gets an event twice, or is gone',
    'repeats are dropped by `waitId` and `sequence`; a closed parent is no error',
    pure,
    real,
  ),
  row(
    67,
    'cancelled during a request',
    'settled within a second, and the request is aborted. The vendor has no call to cancel a task: it goes on there',
    alone,
  ),
  row(
    68,
    'cancelled while the final reply arrives',
    'the wait waits for a reply on its way, and that reply wins',
    alone,
  ),
  row(
    69,
    'the deadline lies between two polls',
    'one final poll at the deadline, then `timeout` with what had come',
    real,
  ),
  row(
    70,
    'ten thousand waits are due at once',
    "the server keeps the queue within the budget, and in each process the account's throttle does. Attempts that must wait get a place in line. Simulated with 10,000; 150 on the time-skipping server, more with HERD_WAITS",
    pure,
    time,
  ),
  row(
    71,
    'a push notice that is early, late, doubled or forged',
    'not covered yet: the vendor sends none, and nothing here receives one',
  ),
  row(72, 'a task is stuck for half an hour', '13 events of history; 36 to 140 polls', time),
  row(
    73,
    'the state is queried while no worker runs',
    'the query fails with a clear error; the client shows what the server alone knows, and the remedy',
    alone,
  ),
  row(74, 'secrets', 'in no history, log line, error or event', real),
  row(
    75,
    'finished waits that all took the same time, far beyond the prior',
    'the fit is finite and its work is bounded; a worker goes on and drains as ever',
    'test/learning/bounded.test.ts',
  ),
  row(
    76,
    'tasks that the vendor answers with an error of its own each time, beside healthy ones',
    "errors of single tasks are not the account's: healthy waits are polled as ever, and a newcomer probes soon",
    'test/poll/account-throttle.test.ts',
    reports,
  ),
  row(
    77,
    'a search attribute is registered with another type, or is removed in mid-wait',
    'one of another type counts as absent, and `doctor` says so. A workflow task that sets a removed one fails, and is tried again with what the worker knows by then, at most a minute later: the wait goes on without it',
    attributes,
  ),
  row(
    78,
    'a signal whose payload cannot be decoded: another codec, an unknown encoding, broken JSON',
    'dropped with a warning in log and status that names the signal. A listing joins its open waits again after 30 s: what was dropped may have been an event. The decision is recorded, so a worker that gets the key later replays the same. Input and results that cannot be decoded make the workflow task fail until a worker has the key',
    undecodable,
  ),
  row(
    79,
    'an input as large as allowed, or larger',
    'checked in linear time: each input at its maximum costs under 100 ms of CPU time. More than 1,000 in `notify` or 500 tasks are refused, naming the field',
    cpu,
    reports,
  ),
  row(
    80,
    'a start with a second argument, as continue-as-new has one',
    'ignored: state is taken only by a run that continues another',
    reports,
  ),
  row(
    81,
    'a Nexus caller asks for more than a wait',
    '`notify` is refused, and so is an account that `TRYON_NEXUS_ACCOUNTS` does not name. Waits of other accounts are not joined, and their status is answered as if there was none. A forged operation token cancels no other workflow',
    'test/server/nexus.test.ts',
  ),
  row(
    82,
    'limits are met by another way in',
    'at most one coding of a reply, counted before and after it, and bounds of CPU time for the worst reply of 4 MiB; bytes, values and time of a call to the codec server are counted before it is parsed; metrics have labels of configured accounts only; a deadline that is past or unreadable is bounded',
    'test/codec/server.test.ts',
    'test/observability/telemetry.test.ts',
    'test/wait/nexus-patience.test.ts',
    vendor,
    cost,
  ),
  row(83, 'raw DEFLATE under `content-encoding: deflate`', 'read, like zlib', vendor),
  row(
    84,
    'an interim response (1xx) that nobody asked for',
    'ignored, up to 16 KiB of them. A query is sent again at once only if a reused connection ended without any byte of a response',
    vendor,
  ),
  row(
    85,
    'an IPv6 address that cannot be reached, beside an IPv4 address 300 ms away',
    'connected within the 5 s: each address has 1 s',
    vendor,
  ),
  row(
    86,
    'an HTTP proxy is the only way out',
    '`HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are honoured; certificates are checked, limits hold, and the login of the proxy is never shown',
    commands,
  ),
  row(
    87,
    'a status that nobody knows at task and sub-tasks, with images in the reply',
    'polled until the deadline; then what had come is in `images`, as many as `imageCount` counts',
    'test/poll/decide.test.ts',
    vendor,
  ),
  row(
    88,
    'the Temporal server is away while a client waits',
    'calls that only read go on when it is back, within the limit of the caller; other errors are typed',
    'test/server/away.test.ts',
    'test/client/away.test.ts',
  ),
  row(
    89,
    'a listing or a wait that has ended is reset',
    'a listing takes the stored outcomes, a wait its own; neither polls again for what is in its history',
    resets,
  ),
  row(
    90,
    '`Retry-After` on each reply of a running task',
    'obeyed as the delay of a retry, so history stays flat',
    'test/poll/decide.test.ts',
    vendor,
  ),
  row(91, 'numbers beyond 2^53 in a request or a reply', 'passed on digit for digit', vendor),
  row(
    92,
    '`runId: null` or a misspelt field in a signal',
    'null in an optional field counts as absent everywhere. A signal with an unknown field is dropped; log and status have a warning that names the field',
    undecodable,
  ),
  row(
    93,
    'an operator pauses the polling activity past the deadline',
    'the wait ends as `timeout` with code `Paused`, not `NoWorker`',
    'test/server/wait.test.ts',
  ),
  row(
    94,
    'images whose URLs differ in the query only',
    'where one reply has several, each has an id of its own; an id that was emitted never changes',
    vendor,
  ),
];

/** The name of a test of a row: `20: the vendor is away for 20 s`, with the case after a comma. */
export function faultName(number: number, detail?: string): string {
  const found = faultRows.find((one) => one.number === number);
  if (found === undefined) throw new RangeError(`no fault has the number ${number}`);
  return `${number}: ${found.title}${detail === undefined ? '' : `, ${detail}`}`;
}
