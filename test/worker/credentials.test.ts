import { afterEach, expect, test, vi } from 'vitest';
import { type ConnectSettings, watchCredentials } from '../../src/worker/credentials.js';

const settings = (apiKey: string, cert = 'cert'): ConnectSettings => ({
  connectionOptions: { apiKey, tls: { clientCertPair: { crt: Buffer.from(cert), key: Buffer.from('key') } } },
});

let stop = (): void => undefined;
afterEach(() => {
  stop();
  vi.useRealTimers();
});

function watch(initial: ConnectSettings) {
  vi.useFakeTimers();
  const connection = { setApiKey: vi.fn(async (_key: string) => undefined) };
  const log = { info: vi.fn(), warn: vi.fn() };
  const read = vi.fn<() => ConnectSettings>(() => initial);
  const onOutdated = vi.fn();
  const watching = watchCredentials({ connection, initial, read, onOutdated, log, everyMs: 1_000 });
  stop = watching.stop;
  return { connection, log, read, onOutdated, tick: () => vi.advanceTimersByTimeAsync(1_000) };
}

test('an API key that changed is set on the connection, once', async () => {
  const { connection, read, onOutdated, log, tick } = watch(settings('one'));
  await tick();
  expect(connection.setApiKey).not.toHaveBeenCalled();
  read.mockReturnValue(settings('two'));
  await tick();
  await tick();
  expect(connection.setApiKey.mock.calls).toEqual([['two']]);
  expect(onOutdated).not.toHaveBeenCalled();
  expect(JSON.stringify(log.info.mock.calls)).not.toContain('two');
});

test('a key that could not be set is tried again', async () => {
  const { connection, read, tick } = watch(settings('one'));
  read.mockReturnValue(settings('two'));
  connection.setApiKey.mockRejectedValueOnce(new Error('no'));
  await tick();
  await tick();
  expect(connection.setApiKey).toHaveBeenCalledTimes(2);
});

test('certificates that changed are told until new workers have them', async () => {
  const { read, onOutdated, tick } = watch(settings('one'));
  await tick();
  expect(onOutdated).not.toHaveBeenCalled();
  read.mockReturnValue(settings('one', 'another'));
  await tick();
  await tick();
  expect(onOutdated).toHaveBeenCalledTimes(2);
});

test('files that cannot be read leave all as it is, and are logged once', async () => {
  const { connection, read, onOutdated, log, tick } = watch(settings('one'));
  read.mockImplementation(() => {
    throw new Error('ENOENT');
  });
  await tick();
  await tick();
  expect(log.warn).toHaveBeenCalledOnce();
  read.mockReturnValue(settings('two'));
  await tick();
  expect(connection.setApiKey).toHaveBeenCalledOnce();
  expect(onOutdated).not.toHaveBeenCalled();
});
