import { type Client, NamespaceNotFoundError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { AwayTimer, isAway, rideOut } from '../../src/client/away.js';
import { TryOnClientError } from '../../src/client/errors.js';
import { serverError, withServerErrors } from '../../src/client/server-error.js';
import { faultName } from '../support/fault-rows.js';

/** As the SDK throws what gRPC answers. */
const refusal = (code: number, details: string): ServiceError =>
  new ServiceError('Failed to get Workflow execution history', {
    cause: Object.assign(new Error(`${code} NAME: ${details}`), { code, details, metadata: {} }),
  });
const gone = refusal(14, 'No connection established');

describe('whether the server is away', () => {
  test.each([
    ['it cannot be reached', gone, true],
    ['it cuts a call', refusal(13, 'Received RST_STREAM with code 2'), true],
    ['it has too much to do', refusal(8, 'namespace rate limit exceeded'), true],
    ['the caller may not call', refusal(7, 'Request unauthorized.'), false],
    ["the caller's own deadline is over", refusal(4, 'Deadline exceeded'), false],
    ['the caller cancelled the call', refusal(1, 'Cancelled on client'), false],
    ['TLS does not fit', refusal(13, 'Received RST_STREAM with code 2 (SSL alert number 42)'), false],
    ['the workflow is unknown', new WorkflowNotFoundError('none', 'w', undefined), false],
    ['it is no error of the server', new Error('broken'), false],
  ])('%s', (_what, error, expected) => {
    expect(isAway(error)).toBe(expected);
  });
});

describe('the timer', () => {
  test(faultName(88, 'pauses grow to 5 s and end with the time-out'), () => {
    const timer = new AwayTimer(20_000);
    let [now, pauses] = [0, [] as number[]];
    for (let ms = timer.pauseMs(gone, now, now); ms !== undefined; ms = timer.pauseMs(gone, now, now)) {
      pauses = [...pauses, ms];
      now += ms;
    }
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 2_250]);
  });

  test('begins anew when the server has answered, or a call had lasted', () => {
    const timer = new AwayTimer(1_000);
    timer.pauseMs(gone, 0, 0);
    expect(timer.pauseMs(gone, 900, 1_000)).toBeUndefined();
    timer.answered();
    expect(timer.pauseMs(gone, 1_000, 1_000)).toBe(250);
    expect(timer.pauseMs(gone, 2_000, 500_000)).toBe(250);
  });

  test(faultName(88, 'a call that waited for an hour before is ridden out as long as any'), () => {
    const timer = new AwayTimer(1_000);
    expect(timer.pauseMs(gone, 0, 3_600_000)).toBe(250);
    expect(timer.pauseMs(gone, 3_600_250, 3_600_900)).toBe(100);
    expect(timer.pauseMs(gone, 3_601_000, 3_601_000)).toBeUndefined();
  });

  test('gives no second chance to another error', () => {
    expect(new AwayTimer().pauseMs(refusal(7, 'no'), 0, 0)).toBeUndefined();
  });
});

describe('riding out', () => {
  test('ends with the reason of the signal, before and during a pause', async () => {
    const stop = new AbortController();
    const read = async (): Promise<never> => {
      setTimeout(() => stop.abort(new Error('enough')), 10);
      throw gone;
    };
    await expect(rideOut(read, { signal: stop.signal })).rejects.toThrow('enough');
    await expect(rideOut(read, { signal: stop.signal })).rejects.toThrow('enough');
  });

  test('of no time tries once', async () => {
    let tries = 0;
    const read = async (): Promise<never> => {
      tries += 1;
      throw gone;
    };
    await expect(rideOut(read, { awayTimeoutMs: 0 })).rejects.toBe(gone);
    expect(tries).toBe(1);
  });
});

describe('errors of the server are typed', () => {
  const client = { connection: { options: { address: '127.0.0.1:7233' } } } as unknown as Client;

  test.each([
    [
      'an absent server',
      gone,
      'NoServer',
      /^the Temporal server at 127.0.0.1:7233 cannot answer now \(14 NAME: No conn/,
    ],
    ['one that is too slow', refusal(4, 'Deadline exceeded'), 'NoServer', /cannot answer now/],
    ['a missing right', refusal(7, 'Request unauthorized.'), 'NotAllowed', /refuses this call .*unauthorized/],
    ['a wrong key', refusal(16, 'no credentials'), 'NotAllowed', /refuses this call/],
    ['a missing namespace', new NamespaceNotFoundError('shop'), 'NoNamespace', /no namespace "shop"/],
  ])(faultName(88, '%s'), (_what, error, code, message) => {
    const typed = serverError(error, client);
    expect(typed).toBeInstanceOf(TryOnClientError);
    expect(typed).toMatchObject({ code, message: expect.stringMatching(message), cause: error });
  });

  test('others stay as they are', () => {
    for (const error of [new Error('x'), new TryOnClientError('NoWait', 'x'), refusal(3, 'wrong')]) {
      expect(serverError(error, client)).toBe(error);
    }
  });

  test('from a promise as from a generator, which ends where its reader ends', async () => {
    let isClosed = false;
    const calls = {
      call: async (what: string) => {
        if (what === 'fail') throw gone;
        return what;
      },
      async *list() {
        try {
          yield 1;
          throw gone;
        } finally {
          isClosed = true;
        }
      },
      field: { kept: true },
    };
    const typed = withServerErrors(calls, client);
    expect(typed.field).toBe(calls.field);
    expect(await typed.call('ok')).toBe('ok');
    await expect(typed.call('fail')).rejects.toMatchObject({ code: 'NoServer' });
    const seen: number[] = [];
    const read = async () => {
      for await (const one of typed.list()) seen.push(one);
    };
    await expect(read()).rejects.toMatchObject({ code: 'NoServer' });
    expect(seen).toEqual([1]);
    isClosed = false;
    for await (const _one of typed.list()) break;
    expect(isClosed).toBe(true);
  });
});
