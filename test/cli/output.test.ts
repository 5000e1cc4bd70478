import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createOutput, paint, plain, render, widthOf } from '../../src/cli/output.js';

const sink = (isTTY: boolean) => {
  const said: string[] = [];
  return { isTTY, said, write: (text: string) => said.push(text) };
};

/** Whether text on standard output has colour, and text on standard error. */
function coloured(env: NodeJS.ProcessEnv, terminals: { out?: boolean; error?: boolean } = {}) {
  const [out, error] = [sink(terminals.out ?? false), sink(terminals.error ?? false)];
  const output = createOutput({ isJson: false, out, error, env });
  output.line(paint.red('x'));
  output.note(paint.red('x'));
  return [out, error].map(({ said }) => said[0] === '\u001b[31mx\u001b[39m\n');
}

describe('colour', () => {
  test('is for each stream that is a terminal', () => {
    expect(coloured({}, { out: true })).toEqual([true, false]);
    expect(coloured({}, { error: true })).toEqual([false, true]);
    expect(coloured({ TERM: 'dumb' }, { out: true, error: true })).toEqual([false, false]);
  });

  test('is turned off by NO_COLOR, and turned on elsewhere by FORCE_COLOR', () => {
    const both = { out: true, error: true };
    expect(coloured({ NO_COLOR: '1' }, both)).toEqual([false, false]);
    expect(coloured({ FORCE_COLOR: '1' })).toEqual([true, true]);
    expect(coloured({ FORCE_COLOR: '0' })).toEqual([false, false]);
    expect(coloured({ FORCE_COLOR: '1', NO_COLOR: '1' }, both)).toEqual([false, false]);
  });

  test('never gets into JSON', () => {
    const out = sink(true);
    const output = createOutput({ isJson: true, out, error: sink(true), env: { FORCE_COLOR: '1' } });
    output.json({ a: 1 });
    output.line(paint.red('x'));
    expect(out.said).toEqual(['{"a":1}\n']);
  });
});

describe('text from outside', () => {
  const hostile = fc.string({
    unit: fc.constantFrom(
      ...'a[0m;1\u001b\u0007\u0000\n\r\t\u007f\u009b\u2028\u202e\u2066\u200f\u200b\u061c\ufeff\u00ad',
      ...['\u001b[31m', '漢', '\u{e0041}'],
    ),
    maxLength: 40,
  });
  const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

  test('brings no control character to a stream, not even a colour', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const [out, error] = [sink(true), sink(true)];
        const output = createOutput({ isJson: false, out, error, env: {} });
        output.line(text);
        output.note(`${paint.yellow('!')} ${text}`);
        const [line = '', note = ''] = [...out.said, ...error.said];
        expect(line.slice(0, -1)).not.toMatch(unsafe);
        expect(note.slice(0, -1).replace('\u001b[33m!\u001b[39m', '')).not.toMatch(unsafe);
        expect([...line]).toHaveLength([...text].length + 1);
      }),
    );
  });

  test('is escaped in JSON, and stays what it was', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const out = sink(true);
        createOutput({ isJson: true, out, error: sink(true), env: {} }).json({ text });
        const [line = ''] = out.said;
        expect(line.slice(0, -1)).not.toMatch(unsafe);
        expect(JSON.parse(line)).toEqual({ text });
      }),
    );
  });

  test('keeps its place inside a colour', () => {
    expect(render(paint.red('a\u001b[2Jb'), true)).toBe('\u001b[31ma [2Jb\u001b[39m');
    expect(plain(paint.red('a\u001b[2Jb'))).toBe('a [2Jb');
  });
});

test('a terminal that claims to have no columns gets as many as usual', () => {
  const terminal = { isTTY: true, write: () => true };
  expect(widthOf({ ...terminal, columns: 0 })).toBe(80);
  expect(widthOf(terminal)).toBe(80);
  expect(widthOf({ ...terminal, columns: 132 })).toBe(132);
  expect(widthOf({ write: () => true, columns: 132 })).toBe(Number.POSITIVE_INFINITY);
});

test('a table is redrawn on a terminal only, not under CI, and not with --json', () => {
  const isLive = (env: NodeJS.ProcessEnv, isTTY: boolean, isJson = false): boolean =>
    createOutput({ isJson, out: sink(isTTY), error: sink(true), env }).isLive;
  expect(isLive({}, true)).toBe(true);
  expect(isLive({}, false)).toBe(false);
  expect(isLive({}, true, true)).toBe(false);
  expect(isLive({ TERM: 'dumb' }, true)).toBe(false);
  expect(isLive({ CI: 'true' }, true)).toBe(false);
});
