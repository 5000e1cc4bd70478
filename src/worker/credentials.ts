/**
 * What a worker identifies itself with to Temporal, read again while it runs: an API key is exchanged in the open connection. Certificates
 * cannot be: the SDK's connection keeps those that it was made with, so it takes a new one.
 */
import { createHash } from 'node:crypto';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnection } from '@temporalio/worker';
import { readApiKey } from '../client/api-key.js';
import { badConfig } from '../client/connection-errors.js';
import { defined } from '../defined.js';
import { firstLine } from '../error-text.js';

/** How to connect, by Temporal's environment configuration and `TRYON_TEMPORAL_API_KEY_FILE`. */
export type ConnectSettings = ReturnType<typeof loadClientConnectConfig>;

/**
 * Reads how to connect, with the present contents of the files that it names.
 * @throws {TryOnClientError} `BadConfig`
 */
export function readConnectSettings(): ConnectSettings {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig();
    const apiKey = readApiKey(process.env);
    return { connectionOptions: { ...connectionOptions, ...defined({ apiKey }) }, ...defined({ namespace }) };
  } catch (error) {
    throw badConfig(error);
  }
}

/** Options of {@link watchCredentials}. */
export interface WatchCredentialsOptions {
  readonly connection: Pick<NativeConnection, 'setApiKey'>;
  /** What the connection was made with. */
  readonly initial: ConnectSettings;
  /** Default: {@link readConnectSettings}. */
  readonly read?: () => ConnectSettings;
  /** Called at each reading at which certificates differ from those of the connection. */
  readonly onOutdated?: () => void;
  readonly log?: { info(message: string): void; warn(message: string): void };
  /** Default 30,000. */
  readonly everyMs?: number;
}

/** A digest of certificates and keys: they are not kept. */
const digestOf = ({ connectionOptions: { tls } }: ConnectSettings): string => {
  const text = JSON.stringify(tls ?? null, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
  return createHash('sha256').update(text).digest('hex');
};

/** Starts to read the credentials again and again. A configuration that cannot be read leaves the connection as it is. The caller stops it. */
export function watchCredentials(options: WatchCredentialsOptions): { stop(): void } {
  const { connection, initial, read = readConnectSettings, onOutdated, log, everyMs = 30_000 } = options;
  const certificates = digestOf(initial);
  let { apiKey } = initial.connectionOptions;
  let isFailing = false;
  async function check(): Promise<void> {
    try {
      const settings = read();
      isFailing = false;
      const { apiKey: newest } = settings.connectionOptions;
      if (newest !== undefined && newest !== apiKey) {
        await connection.setApiKey(newest);
        apiKey = newest;
        log?.info('the API key of Temporal has changed; calls from now on use the new one');
      }
      if (digestOf(settings) !== certificates) onOutdated?.();
    } catch (error) {
      if (!isFailing) log?.warn(`the credentials for Temporal cannot be read again: ${firstLine(error)}`);
      isFailing = true;
    }
  }
  const timer = setInterval(check, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
