/** Mutates replies as text, as JSON and as bytes, decided by a seeded generator. Pure. */

import type { Random } from '../../src/emulator/random.js';

/** An integer from 0 up to `max`, exclusive. */
export const below = (random: Random, max: number): number => Math.floor(random() * max);

/** One of a list. */
export function pick<T>(random: Random, from: readonly T[]): T {
  const found = from[below(random, from.length)];
  if (found === undefined && from.length === 0) throw new RangeError('nothing to pick from');
  return found as T;
}

const nested = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth);

/** Texts that have broken parsers of JSON, regular expressions, terminals, Markdown and logs. */
export const nastyTexts: readonly string[] = [
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

/** A value of a wrong type or with hostile content. */
export const nastyValue = (random: Random): unknown =>
  pick<() => unknown>(random, [
    () => null,
    () => true,
    () => false,
    () => 0,
    () => -1,
    () => 1e308,
    () => Number.MAX_SAFE_INTEGER,
    () => 0.1,
    () => pick(random, nastyTexts),
    () => pick(random, nastyTexts),
    () => [],
    () => ({}),
    () => Array.from({ length: 1 + below(random, 300) }, () => pick(random, nastyTexts.slice(0, 20))),
    () => Object.fromEntries(Array.from({ length: below(random, 50) }, (_, at) => [`k${at}`, at])),
    () => JSON.parse(nested(1 + below(random, 400), '[', ']')),
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

/** All objects and lists in a value, itself included. */
function containers(value: unknown, found: Container[] = [], depth = 0): Container[] {
  if (typeof value !== 'object' || value === null || depth > 30 || found.length > 500) return found;
  found.push(value as Container);
  for (const inner of Object.values(value)) containers(inner, found, depth + 1);
  return found;
}

const set = (target: Container, key: string, value: unknown): void => {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
};

/** Changes one place of a JSON value, in place. */
export function mutateValue(random: Random, root: unknown): void {
  const all = containers(root);
  if (all.length === 0) return;
  const target = pick(random, all);
  const names = Object.keys(target);
  const name = names.length === 0 ? undefined : pick(random, names);
  const value = name === undefined ? undefined : (target as Record<string, unknown>)[name];
  switch (below(random, 8)) {
    case 0:
      if (name !== undefined && !Array.isArray(target)) delete target[name];
      return;
    case 1:
      set(target, Array.isArray(target) ? String(target.length) : pick(random, keys), nastyValue(random));
      return;
    case 2:
      if (name !== undefined) set(target, name, JSON.stringify(value));
      return;
    case 3:
      if (name !== undefined && !Array.isArray(target)) set(target, pick(random, [...keys, name.toUpperCase()]), value);
      return;
    case 4:
      if (name !== undefined) set(target, name, [value, structuredClone(value)]);
      return;
    case 5:
      if (name !== undefined && typeof value === 'string') set(target, name, value + pick(random, nastyTexts));
      return;
    default:
      if (name !== undefined) set(target, name, nastyValue(random));
  }
}

/** A JSON text with one to four changes of its value. A text that is not JSON stays. */
export function mutateJson(random: Random, text: string): string {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return text;
  }
  for (let left = 1 + below(random, 4); left > 0; left -= 1) mutateValue(random, root);
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
export function mutateText(random: Random, text: string, other: string): string {
  let mutated = text;
  for (let left = 1 + below(random, 4); left > 0; left -= 1) {
    const [from, to] = [below(random, mutated.length + 1), below(random, mutated.length + 1)].sort((a, b) => a - b) as [
      number,
      number,
    ];
    const [head, middle, tail] = [mutated.slice(0, from), mutated.slice(from, to), mutated.slice(to)];
    const start = below(random, other.length + 1);
    mutated = pick<() => string>(random, [
      () => head + tail,
      () => head + middle + middle.slice(0, 5_000) + tail,
      () => head + pick(random, tokens) + middle + tail,
      () => head + pick(random, nastyTexts) + middle + tail,
      () => head + JSON.stringify(pick(random, nastyTexts)) + middle + tail,
      () => head,
      () => head + other.slice(start, start + below(random, 2_000)),
      () => head + String.fromCharCode(below(random, 65_536)) + mutated.slice(from + 1),
      () => nested(1 + below(random, 3_000), '[', '') + mutated,
    ])();
  }
  return mutated.slice(0, 200_000);
}

/** Bytes with one to four of them or their ranges changed, dropped or doubled. */
export function mutateBytes(random: Random, bytes: Uint8Array): Buffer {
  let mutated = Buffer.from(bytes);
  for (let left = 1 + below(random, 4); left > 0 && mutated.length > 0; left -= 1) {
    const at = below(random, mutated.length);
    const to = Math.min(mutated.length, at + below(random, 64));
    const choice = below(random, 4);
    if (choice === 0) mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(to)]);
    else if (choice === 1) mutated = Buffer.concat([mutated.subarray(0, to), mutated.subarray(at)]);
    else if (choice === 2) mutated = mutated.subarray(0, at);
    else mutated[at] = below(random, 256);
  }
  return mutated;
}

/** Inserts a text at a random place. */
export function insertText(random: Random, text: string, piece: string): string {
  const at = below(random, text.length + 1);
  return text.slice(0, at) + piece + text.slice(at);
}
