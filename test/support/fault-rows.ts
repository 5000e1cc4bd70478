/**
 * The faults that a wait must survive, as data: what happens here, and where that is tested. Tests take their names from
 * {@link faultName}; `docs/reliability.md` is made from this table and a test report.
 */

/** One fault. */
export interface FaultRow {
  readonly number: number;
  readonly title: string;
  /** What happens here; why, where that is not the first thing that one would expect. */
  readonly happens: string;
  /** Files of the tests. None: not covered yet. */
  readonly files: readonly string[];
}

const pure = 'test/faults/core.test.ts';
const vendor = 'test/faults/vendor.test.ts';
const real = 'test/server/faults.test.ts';
const alone = 'test/server/faults-alone.test.ts';
const time = 'test/time/faults.test.ts';
const kill = 'test/server/kill.test.ts';
const replay = 'test/replay/replay.test.ts';

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
};

/** All rows, by number. */
export const faultRows: readonly FaultRow[] = [
  row(
    1,
    'the name of the vendor is not resolved, or slowly',
    '`DnsFailed`, or `ConnectionFailed` after 5 s for DNS, TCP and TLS together; asked again with backoff until the deadline',
    vendor,
    real,
  ),
  row(
    2,
    'the connection is refused',
    '`ConnectionFailed`; asked again after 1, 2, 4 s up to 60 s, each up to a fifth longer by task',
    pure,
    real,
  ),
  row(3, 'nobody answers the attempt to connect', 'given up after 5 s, then as a refused connection', vendor, real),
  row(
    4,
    'the certificate cannot be trusted',
    '`TlsFailed`; the third in a row makes the wait `blocked`, which tells every parent, and slows it to 5 s doubling to 5 min. Checks stay on, even where the process turned them off. Blocked, since no code of the vendor can mend it, but a person can',
    pure,
    vendor,
    real,
  ),
  row(5, 'the connection is reset before the answer', 'asked again', real),
  row(6, 'the connection is reset within the answer', 'asked again', real),
  row(7, 'the answer never begins', 'given up after 10 s (`Timeout`), asked again', real),
  row(
    8,
    'the answer drips',
    'given up after 15 s in all (`Timeout`), asked again. One limit for both wishes: 4 MiB within 15 s is the least rate, and a small answer may come as slowly as that allows',
    real,
  ),
  row(9, 'the answer is huge', 'read to 4 MiB, then the stream is ended: `TooLarge`, asked again', vendor, real),
  row(
    10,
    'the answer unpacks to something huge',
    'the cap counts unpacked bytes: `TooLarge`, asked again',
    vendor,
    real,
  ),
  row(11, 'the JSON breaks off', '`BadBody`, asked again', real),
  row(12, 'a page of a proxy or a captcha instead of JSON', '`BadBody` with how the page begins, asked again', real),
  row(13, 'another content type, a byte order mark, a wrong charset', 'read by content', vendor, real),
  row(14, 'an empty answer', '`BadBody`, never an end; asked again', real),
  row(15, 'a redirect to another host', 'not followed: `Redirected` names the host, asked again', real),
  row(16, 'a redirect without end', 'not followed, as any redirect', real),
  row(17, 'a kept connection died while idle', 'asked once more at once, on a new connection', real),
  row(
    18,
    'more waits than connections',
    '32 connections to one host; who waits for one is not charged: the limits of an attempt begin with its connection',
    vendor,
    real,
  ),

  row(19, 'one 500, 502 or 504', 'asked again', real),
  row(20, 'the vendor is away for 20 s', 'asked with backoff; its return is noticed within one gap', time),
  row(
    21,
    'the vendor is away for an hour',
    'after errors of five tasks in a row one poll in each gap stands for all waits of the account in the process, the others are held without a query; they come back by the pace of the budget. The last poll before a deadline is taken all the same. Simulated with 200 waits; 20 on the server that skips time, more by OUTAGE_WAITS',
    pure,
    time,
  ),
  row(22, 'told to stay away for some seconds', 'obeyed by the wait and by all others of its account', time),
  row(
    23,
    'told to stay away until a date',
    "counted from the answer's own `Date`, so that a wrong clock here changes nothing",
    time,
  ),
  row(
    24,
    'told to stay away in words, for no time, or for a day',
    'kept between the floor and the time left, reported in the error; no time and no number are no wish, so that the own backoff holds. The other waits of the account are silent for an hour at most',
    pure,
    time,
  ),
  row(
    25,
    'throttled without a word of how long',
    'the pace of the whole account is halved, down to a 64th, and rises back to the whole within two minutes',
    pure,
    time,
  ),
  row(26, 'a ban told in a 200', 'its seconds are read from the text and obeyed', pure, time),
  row(
    27,
    'one refusal by a wrong clock',
    "the offset is learned from the answer's `Date`, signed anew and asked again at once; the wait does not notice",
    real,
  ),
  row(
    28,
    'the key is refused for good',
    '`blocked`, told to every parent; asked from every 5 s to every 5 min, goes on when mended',
    real,
  ),
  row(29, 'unknown just after the submit', 'asked on for 30 s from the submit, then `notFound`', pure, time),
  row(
    30,
    'unknown after it was seen',
    'asked once more 5 s later, since one replica that lags must not cost a paid task; then `notFound` with the sub-tasks and images last seen',
    real,
  ),
  row(
    31,
    'the request is refused with 400',
    'ends at once as `failed` with the code: there is no outcome of its own for a request that can never succeed, and a workflow that fails would hide the code from parents',
    real,
  ),
  row(32, '408 and 425', 'asked again', real),
  row(33, 'the quota is used up', '`blocked`, asked slowly, goes on when topped up', real, time),

  row(
    34,
    'the clock of the machine steps by an hour',
    "deadlines are the workflow's time, and the activity knows the server's time from its attempts and a clock that never steps",
    pure,
    alone,
  ),
  row(35, 'a backoff lies between signature and sending', 'every attempt signs anew', real),
  row(36, 'the key is rotated during the wait', 'key and secret are read from their files for every attempt', real),

  row(
    37,
    'a status that nobody knows',
    'asked on by the schedule; the word is shown in the status, the polls are counted',
    pure,
    real,
  ),
  row(38, 'no status, or null', 'as an unknown one', pure, real),
  row(39, 'words and numbers in another case or type', 'normalised', pure, real),
  row(40, 'running, then waiting again', 'accepted; sub-tasks keep the furthest that was told of them', pure, real),
  row(41, 'the same answer a hundred times', 'no event, 13 events of history', time),
  row(
    42,
    'finished, then running',
    'the first end that stands wins: the wait is over and asks no more. Where an end is still polled again, the contradiction is kept in the state',
    pure,
    real,
  ),
  row(
    43,
    'failed, then finished',
    'a failure without images is polled once more after 5 s, then believed; the contradiction is kept',
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
  row(46, 'fewer images than asked for', 'delivered, with `shortfall`', real),
  row(47, 'an image twice, or in another order', 'each once, in the order of the sub-tasks', pure, real),
  row(48, 'an answer about another task', 'not taken; the third in a row makes the wait `blocked`', pure, real),
  row(
    49,
    'unknown fields, other nesting, JSON within a text',
    'read by what is there; where no status is found 200 characters of the answer are kept in the error. No copy of answers that were understood: they would fill the history with addresses',
    pure,
    real,
  ),
  row(
    50,
    'thousands of images',
    'all delivered, in events of at most 256 KiB; an answer above 4 MiB is `TooLarge`',
    real,
  ),
  row(
    51,
    'the layers contradict each other',
    'gateway before service before task; a finished task that has its images goes before a failed service, since it is paid for',
    pure,
    real,
  ),

  row(52, 'the address of an image expires', 'not covered yet: nothing here fetches images'),
  row(53, 'an address on a private network', 'not covered yet: nothing here fetches images'),
  row(54, 'an address that is no HTTP', 'not covered yet: nothing here fetches images'),
  row(55, 'an address with user, port or odd letters', 'not covered yet: nothing here fetches images'),
  row(56, 'an image that is too large or none', 'not covered yet: nothing here fetches images'),
  row(57, 'a download that breaks off', 'not covered yet: nothing here fetches images'),
  row(58, 'a signed address with odd escapes', 'passed on byte for byte', pure, real),
  row(
    59,
    'more than the payload limit',
    'every image goes to every subscriber by events; outcome and status hold as many as fit into 1.5 MiB and say how many more there were',
    pure,
    real,
  ),

  row(
    60,
    'a worker is killed at any point',
    'nothing lost, no event twice by the receiver’s rule, at most one query more for each kill',
    kill,
  ),
  row(
    61,
    'new code in the middle of a wait',
    'recorded histories of every shape replay with the code of today',
    replay,
  ),
  row(62, 'the Temporal server is away', 'waits go on when it is back', kill),
  row(
    63,
    'an attempt runs twice',
    'the same state and answer give the same report; the receiver drops what it has',
    pure,
  ),
  row(64, 'a task is waited for twice', 'the second caller joins the wait', real),
  row(
    65,
    'the answer to a submit is lost',
    'told as "maybe submitted" and never sent again: the vendor has no key by which a repeat could be known',
    vendor,
  ),
  row(
    66,
    'a parent is told twice, or is gone',
    'repeats are dropped by `waitId` and `sequence`; a closed parent is no error',
    pure,
    real,
  ),
  row(
    67,
    'cancelled during a request',
    'settled within a second, the request is broken off. The vendor has no call to cancel a task: it runs on there',
    alone,
  ),
  row(68, 'cancelled as the end is told', 'an answer on its way is waited for, and wins', alone),
  row(
    69,
    'the deadline lies between two polls',
    'one last poll at the deadline, then `timeout` with what had come',
    real,
  ),
  row(
    70,
    'ten thousand waits are due at once',
    'the server holds the queue to the budget, and in each process the throttle of the account does; who must wait is given a place in the line. Simulated with 10,000; 150 on the server that skips time, more by HERD_WAITS',
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
    'the state is asked for while no worker runs',
    'the query fails with a clear error; the client tells what the server alone knows, and how to mend it',
    alone,
  ),
  row(74, 'secrets', 'in no history, log line, error or event', real),
];

/** The name of a test of a row: `20: the vendor is away for 20 s`, with the case after a comma. */
export function faultName(number: number, detail?: string): string {
  const found = faultRows.find((one) => one.number === number);
  if (found === undefined) throw new RangeError(`no fault has the number ${number}`);
  return `${number}: ${found.title}${detail === undefined ? '' : `, ${detail}`}`;
}
