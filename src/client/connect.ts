/** The connection to Temporal, by Temporal's own environment configuration. Every failure is one line with its remedy. */
import {
  Client,
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { readDataConverter } from '../codec/payload-codec.js';
import { defined } from '../defined.js';
import { grpcCode, grpcStatus } from '../temporal/grpc.js';
import { freshApiKey } from './api-key.js';
import { badConfig, connectionError } from './connection-errors.js';
import { TryOnClientError } from './errors.js';

/** Where and as whom to connect. */
export interface ConnectTryOnOptions {
  /** Read for Temporal's variables (`TEMPORAL_ADDRESS`, ...), `TRYON_TEMPORAL_API_KEY_FILE` and `TRYON_CODEC_KEYS`; default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Wins over the environment. */
  readonly address?: string;
  /** Wins over the environment; default `default`. */
  readonly namespace?: string;
  /** Default 5000. */
  readonly connectTimeoutMs?: number;
}

/** A connected client. */
export interface Connected {
  readonly client: Client;
  readonly address: string;
  readonly namespace: string;
  /** As the server reports it; may be empty, and follows another scheme on Temporal Cloud. */
  readonly serverVersion: string;
  close(): Promise<void>;
}

const DESCRIBE_WITHIN_MS = 5_000;
const noConnection = /^(?:No connection established|Name resolution failed)/;

/** Whether a connection uses TLS. An API key implies it, unless TLS is turned off. */
export const isTls = ({ tls, apiKey }: { readonly tls?: unknown; readonly apiKey?: unknown }): boolean =>
  Boolean(tls ?? apiKey);

function settingsOf(options: ConnectTryOnOptions): { connection: ConnectionOptions; namespace: string } {
  try {
    const env = options.env ?? process.env;
    const { connectionOptions, namespace } = loadClientConnectConfig(
      env === process.env ? {} : { overrideEnvVars: env as Record<string, string> },
    );
    const address = options.address ?? connectionOptions.address ?? 'localhost:7233';
    const apiKey = freshApiKey(env);
    return {
      connection: { ...(connectionOptions as ConnectionOptions), address, ...defined({ apiKey }) },
      namespace: options.namespace ?? namespace ?? 'default',
    };
  } catch (error) {
    throw badConfig(error);
  }
}

/**
 * By default a call tries a connection that failed again until its deadline, and its error does not say why. With this a failure of the
 * first connection ends the call; later ones are tried again as usual.
 */
function retriesOnceConnected(): {
  readonly interceptor: ReturnType<typeof makeGrpcRetryInterceptor>;
  connected(): void;
} {
  const defaults = defaultGrpcRetryOptions();
  let isConnected = false;
  return {
    interceptor: makeGrpcRetryInterceptor({
      ...defaults,
      retryableDecider: (attempt, status) =>
        (isConnected || !noConnection.test(status.details)) && defaults.retryableDecider(attempt, status),
    }),
    connected: () => {
      isConnected = true;
    },
  };
}

/**
 * Connects and makes sure that the namespace exists.
 * @throws {TryOnClientError} `NoServer`, `NoNamespace`, `NotAllowed` or `BadConfig`
 */
export async function connectTemporal(options: ConnectTryOnOptions = {}): Promise<Connected> {
  const { connection: settings, namespace } = settingsOf(options);
  const { connectTimeoutMs = 5_000 } = options;
  const codec = readDataConverter(options.env ?? process.env);
  if (!codec.ok) throw new TryOnClientError('BadConfig', codec.problems.join('; '));
  const { dataConverter } = codec;
  const address = settings.address ?? '';
  const attempt = { address, namespace, isTls: isTls(settings) };
  const retries = retriesOnceConnected();
  let connection: Connection | undefined;
  try {
    connection = Connection.lazy({ ...settings, interceptors: [retries.interceptor] });
    const { workflowService } = connection;
    const { serverVersion } = await connection.withDeadline(Date.now() + connectTimeoutMs, () =>
      workflowService.getSystemInfo({}),
    );
    retries.connected();
    await connection
      .withDeadline(Date.now() + DESCRIBE_WITHIN_MS, () => workflowService.describeNamespace({ namespace }))
      .catch((error: unknown) => {
        // A client need not have the right to describe the namespace.
        if (grpcCode(error) !== grpcStatus.permissionDenied) throw error;
      });
    const connected = connection;
    return {
      client: new Client(defined({ connection, namespace, dataConverter })),
      address,
      namespace,
      serverVersion,
      close: () => connected.close(),
    };
  } catch (error) {
    await connection?.close();
    throw connectionError(error, attempt);
  }
}
