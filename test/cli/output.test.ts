import { describe, expect, test } from 'vitest';
import { createOutput } from '../../src/cli/output.js';

const sink = (isTTY: boolean) => {
  const said: string[] = [];
  return { isTTY, said, write: (text: string) => said.push(text) };
};

/** Whether text on standard output is in colour, and text on standard error. */
function coloured(env: NodeJS.ProcessEnv, terminals: { out?: boolean; error?: boolean } = {}, isJson = false) {
  const { out = false, error = false } = terminals;
  const { paint, paintNote } = createOutput({ isJson, out: sink(out), error: sink(error), env });
  return [paint, paintNote].map(({ red }) => red('x') !== 'x');
}

describe('colour', () => {
  test('is for each stream that is a terminal', () => {
    expect(coloured({}, { out: true })).toEqual([true, false]);
    expect(coloured({}, { error: true })).toEqual([false, true]);
    expect(coloured({ TERM: 'dumb' }, { out: true, error: true })).toEqual([false, false]);
  });

  test('is taken away by NO_COLOR, and given elsewhere by FORCE_COLOR', () => {
    const both = { out: true, error: true };
    expect(coloured({ NO_COLOR: '1' }, both)).toEqual([false, false]);
    expect(coloured({ FORCE_COLOR: '1' })).toEqual([true, true]);
    expect(coloured({ FORCE_COLOR: '0' })).toEqual([false, false]);
    expect(coloured({ FORCE_COLOR: '1', NO_COLOR: '1' }, both)).toEqual([false, false]);
  });

  test('never comes into JSON', () => {
    const out = sink(true);
    const output = createOutput({ isJson: true, out, error: sink(true), env: { FORCE_COLOR: '1' } });
    output.json({ a: 1 });
    output.line(output.paint.red('x'));
    expect(out.said).toEqual(['{"a":1}\n']);
  });
});

test('a table is redrawn on a terminal alone, not under CI, and not with --json', () => {
  const isLive = (env: NodeJS.ProcessEnv, isTTY: boolean, isJson = false): boolean =>
    createOutput({ isJson, out: sink(isTTY), error: sink(true), env }).isLive;
  expect(isLive({}, true)).toBe(true);
  expect(isLive({}, false)).toBe(false);
  expect(isLive({}, true, true)).toBe(false);
  expect(isLive({ TERM: 'dumb' }, true)).toBe(false);
  expect(isLive({ CI: 'true' }, true)).toBe(false);
});
