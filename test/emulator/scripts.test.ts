import { describe, expect, test } from 'vitest';
import { compileScript, type Script, ScriptRun } from '../../src/emulator/scripts.js';
import { query } from './signed-call.js';
import { useEmulators } from './use-emulator.js';

const start = useEmulators();

/** The step of a script that answers each query; `-` after its end. `seconds`: times of the queries, since the submit. */
function walk(script: Script, seconds: readonly number[]): string {
  const compiled = compileScript(script);
  const run = new ScriptRun(compiled);
  const indices = seconds.map((second) => {
    const step = run.next(1_000_000 + second * 1000, second * 1000);
    return step === undefined ? '-' : String(compiled.steps.indexOf(step));
  });
  return indices.join('');
}

describe('a script', () => {
  test.each<[string, Script, readonly number[], string]>([
    ['counts queries', 'http-500 x2, http-503 x1', [0, 1, 2, 3, 4], '001--'],
    ['counts seconds from the first query of the step', 'http-500 5s, http-503', [10, 12, 14.999, 15, 16], '0001-'],
    ['counts seconds of a later step from its own first query', 'http-500 x1, http-503 5s', [0, 60, 64, 65], '011-'],
    ['goes by the age of the task', [{ untilSeconds: 20 }, { untilSeconds: 30 }], [0, 19.9, 20, 29, 30], '0011-'],
    ['skips what the age has passed', [{ untilSeconds: 20 }, { untilSeconds: 30 }, {}], [40, 41], '22'],
    ['ends a step by the first limit reached', [{ polls: 2, forSeconds: 5 }, {}], [0, 6, 7, 8], '0111'],
    ['never ends a step without a limit', 'http-500 always, http-503', [0, 1000, 100_000], '000'],
    ['takes a step alone', { polls: 1 }, [0, 1], '0-'],
    ['ends at once if it is empty', [], [0, 1], '--'],
  ])('%s', (_, script, seconds, expected) => {
    expect(walk(script, seconds)).toBe(expected);
  });

  test('takes a behaviour with other limits and seconds', () => {
    const { steps, name } = compileScript([{ use: 'http-429-seconds', seconds: 9, polls: 2 }, { use: 'finished' }]);
    expect(name).toBe('http-429-seconds, finished');
    expect(steps).toMatchObject([{ seconds: 9, polls: 2, http: { status: 429 } }, { task: { state: 'finished' } }]);
  });

  test.each<[Script, RegExp]>([
    ['no-such-thing', /no behaviour is named no-such-thing; use one of live, /],
    ['toString', /no behaviour is named toString/],
    ['http-500 twice', /"http-500 twice" is not a part of a script/],
    ['http-500 x2 20s', /is not a part of a script/],
    ['seen-then-gone x3', /seen-then-gone has 2 steps/],
  ])('%j is refused with a reason', (script, message) => {
    expect(() => compileScript(script)).toThrow(message);
  });
});

test('a task follows its script, then its clock', async () => {
  const emulator = await start({ distribution: { fixedSeconds: 0 } });
  const taskId = emulator.addTask({ script: 'service-timeout x2, stuck x1' });
  const seen: string[] = [];
  for (let poll = 1; poll <= 4; poll++) {
    const { code, data } = await query(emulator, taskId);
    seen.push(data?.taskStatus ?? code);
  }
  expect(seen).toEqual(['ServiceTimeout', 'ServiceTimeout', 'running', 'finished']);
  expect(emulator.queries.map(({ answered, ends }) => `${answered} ${ends}`)).toEqual([
    'gateway:ServiceTimeout false',
    'gateway:ServiceTimeout false',
    'running false',
    'finished true',
  ]);
});

test('a script can be replaced while a task runs, and set before the task exists', async () => {
  const emulator = await start({ distribution: { fixedSeconds: 0 }, script: 'stuck' });
  emulator.script('later', 'all-failed');
  const [first, later] = [emulator.addTask(), emulator.addTask({ taskId: 'later' })];
  const statusOf = async (taskId: string): Promise<string> => (await query(emulator, taskId)).data.taskStatus;
  expect([await statusOf(first), await statusOf(later)]).toEqual(['running', 'failed']);
  emulator.script(first);
  expect(await statusOf(first)).toBe('finished');
});

test('a refusal by the gateway takes no step of a script', async () => {
  const emulator = await start({ distribution: { fixedSeconds: 0 } });
  const taskId = emulator.addTask({ script: 'stuck x1' });
  await query(emulator, taskId, { secret: 'wrong' });
  expect((await query(emulator, taskId)).data.taskStatus).toBe('running');
  expect(emulator.queries.map(({ poll, authorised }) => [poll, authorised])).toEqual([
    [1, false],
    [2, true],
  ]);
});
