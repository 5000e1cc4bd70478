/** Breaks replies in seeded ways: as text, as JSON, as bytes. Pure. */

/** Numbers in [0, 1) that a seed decides. */
export type Chance = () => number;

/** Mulberry32. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const below = (chance: Chance, max: number): number => Math.floor(chance() * max);

export function pick<T>(chance: Chance, from: readonly T[]): T {
  const found = from[below(chance, from.length)];
  if (found === undefined && from.length === 0) throw new RangeError('nothing to pick from');
  return found as T;
}

const nested = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth);

/** Texts that have broken readers: of JSON, of regular expressions, of terminals, of Markdown, of logs. */
const nastyTexts: readonly string[] = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\udfff\ud800',
  '\u202eevil',
  '\u001b[31mred\u001b]0;title\u0007',
  'a\r\nSet-Cookie: x',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  'true',
  '1e400',
  '-0',
  '99999999999999999999999999',
  '2026-02-30T25:61:61Z',
  '<script>alert(1)</script>',
  '[a](javascript:alert(1)) ![b](http://x/y.png) `c` | d |',
  'this ban will last 999999999999999999999999 seconds',
  'This ban will last for -1 more seconds',
  'this ban will last 1.5.5 seconds',
  'task not exist',
  `task ${'x'.repeat(79)} not found`,
  'task '.repeat(400),
  'task_id '.repeat(300),
  'a://'.repeat(400),
  `http://${'a'.repeat(1_000)}`,
  '/rest/'.repeat(300),
  'sign='.repeat(400),
  `sign${' '.repeat(300)}=x`,
  '"task_id":'.repeat(100),
  `"task_id":${' '.repeat(2_000)}`,
  `"task_id":${'9'.repeat(5_000)}`,
  '%3d'.repeat(400),
  '\\u003d'.repeat(300),
  'é'.repeat(500),
  '😀'.repeat(500),
  'x'.repeat(30_000),
  'file:///etc/passwd',
  'http://169.254.169.254/latest',
  `https://images.test/${'u'.repeat(20_000)}.png`,
  'data:image/png;base64,AAAA',
  nested(300, '[', ']'),
  `"${nested(50, '\\"', '')}`,
  JSON.stringify(JSON.stringify(JSON.stringify({ taskStatus: 'finished' }))),
];

const leaf = (chance: Chance): unknown =>
  pick<() => unknown>(chance, [
    () => null,
    () => true,
    () => false,
    () => 0,
    () => -1,
    () => 1e308,
    () => Number.MAX_SAFE_INTEGER,
    () => 0.1,
    () => pick(chance, nastyTexts),
    () => pick(chance, nastyTexts),
    () => [],
    () => ({}),
    () => Array.from({ length: 1 + below(chance, 300) }, () => pick(chance, nastyTexts.slice(0, 20))),
    () => Object.fromEntries(Array.from({ length: below(chance, 50) }, (_, at) => [`k${at}`, at])),
    () => JSON.parse(nested(1 + below(chance, 400), '[', ']')),
    () => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  ])();

const keys = [
  'code',
  'data',
  'taskStatus',
  'taskResult',
  'taskId',
  'task_id',
  'imageUrl',
  'imageList',
  'result',
  'resCode',
  'success',
  'message',
  'request_id',
  'error_response',
  'sub_code',
  'url',
  '__proto__',
  'toString',
  'TASKSTATUS',
  'İ',
] as const;

type Container = Record<string, unknown> | unknown[];

/** All objects and lists of a value, itself too. */
function containers(value: unknown, found: Container[] = [], depth = 0): Container[] {
  if (typeof value !== 'object' || value === null || depth > 30 || found.length > 500) return found;
  found.push(value as Container);
  for (const inner of Object.values(value)) containers(inner, found, depth + 1);
  return found;
}

const set = (target: Container, key: string, value: unknown): void => {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
};

/** One change of a JSON value, in place. */
function bend(chance: Chance, root: unknown): void {
  const all = containers(root);
  if (all.length === 0) return;
  const target = pick(chance, all);
  const names = Object.keys(target);
  const name = names.length === 0 ? undefined : pick(chance, names);
  const value = name === undefined ? undefined : (target as Record<string, unknown>)[name];
  switch (below(chance, 8)) {
    case 0:
      if (name !== undefined && !Array.isArray(target)) delete target[name];
      return;
    case 1:
      set(target, Array.isArray(target) ? String(target.length) : pick(chance, keys), leaf(chance));
      return;
    case 2:
      if (name !== undefined) set(target, name, JSON.stringify(value));
      return;
    case 3:
      if (name !== undefined && !Array.isArray(target)) set(target, pick(chance, [...keys, name.toUpperCase()]), value);
      return;
    case 4:
      if (name !== undefined) set(target, name, [value, structuredClone(value)]);
      return;
    case 5:
      if (name !== undefined && typeof value === 'string') set(target, name, value + pick(chance, nastyTexts));
      return;
    default:
      if (name !== undefined) set(target, name, leaf(chance));
  }
}

/** A JSON text with one to four changes of its value; a text that is no JSON stays. */
export function bendJson(chance: Chance, text: string): string {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return text;
  }
  for (let left = 1 + below(chance, 4); left > 0; left -= 1) bend(chance, root);
  return JSON.stringify(root);
}

const tokens = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u',
  '\\ud800',
  '\\u0000',
  'null',
  '1e999',
  '-',
  '\ufeff',
  '//',
  '/*',
];

/** A text with one to four changes of its characters. `other`: a text to take a piece from. */
export function breakText(chance: Chance, text: string, other: string): string {
  let broken = text;
  for (let left = 1 + below(chance, 4); left > 0; left -= 1) {
    const [from, to] = [below(chance, broken.length + 1), below(chance, broken.length + 1)].sort((a, b) => a - b) as [
      number,
      number,
    ];
    const [head, middle, tail] = [broken.slice(0, from), broken.slice(from, to), broken.slice(to)];
    const start = below(chance, other.length + 1);
    broken = pick<() => string>(chance, [
      () => head + tail,
      () => head + middle + middle.slice(0, 5_000) + tail,
      () => head + pick(chance, tokens) + middle + tail,
      () => head + pick(chance, nastyTexts) + middle + tail,
      () => head + JSON.stringify(pick(chance, nastyTexts)) + middle + tail,
      () => head,
      () => head + other.slice(start, start + below(chance, 2_000)),
      () => head + String.fromCharCode(below(chance, 65_536)) + broken.slice(from + 1),
      () => nested(1 + below(chance, 3_000), '[', '') + broken,
    ])();
  }
  return broken.slice(0, 200_000);
}

/** Bytes of which a few were changed, dropped or doubled. */
export function breakBytes(chance: Chance, bytes: Uint8Array): Buffer {
  let broken = Buffer.from(bytes);
  for (let left = 1 + below(chance, 4); left > 0 && broken.length > 0; left -= 1) {
    const at = below(chance, broken.length);
    const to = Math.min(broken.length, at + below(chance, 64));
    const choice = below(chance, 4);
    if (choice === 0) broken = Buffer.concat([broken.subarray(0, at), broken.subarray(to)]);
    else if (choice === 1) broken = Buffer.concat([broken.subarray(0, to), broken.subarray(at)]);
    else if (choice === 2) broken = broken.subarray(0, at);
    else broken[at] = below(chance, 256);
  }
  return broken;
}

/** Splices a text in at some place. */
export function spliceIn(chance: Chance, text: string, piece: string): string {
  const at = below(chance, text.length + 1);
  return text.slice(0, at) + piece + text.slice(at);
}

/** A value of the wrong type or with the wrong content, and values of all types within it. */
export const nastyValue = (chance: Chance): unknown => leaf(chance);

export { bend, nastyTexts };
