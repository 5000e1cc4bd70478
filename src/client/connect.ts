/** The connection to Temporal, by Temporal's own environment configuration. Every failure is one line with its remedy. */
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { readDataConverter } from '../codec/payload-codec.js';
import { firstLine } from '../error-text.js';
import { grpcCode, grpcStatus } from '../temporal/grpc.js';
import { TryOnClientError } from './errors.js';
import { startCommands } from './next-commands.js';
import { probeServer, type TlsSettings } from './probe.js';

/** Where and as whom to connect. */
export interface ConnectTryOnOptions {
  /** Read for Temporal's variables (`TEMPORAL_ADDRESS`, ...) and `TRYON_CODEC_KEYS`; default `process.env`. */
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
  close(): Promise<void>;
}

/** Says in one line that Temporal's configuration cannot be read. */
export function badConfig(cause: unknown): TryOnClientError {
  return new TryOnClientError(
    'BadConfig',
    `Temporal's configuration cannot be read (${firstLine(cause)}); check the TEMPORAL_* variables and TEMPORAL_CONFIG_FILE`,
    { cause },
  );
}

/** Says in one line why there is no connection. */
export function noServer(address: string, cause?: unknown): TryOnClientError {
  return new TryOnClientError(
    'NoServer',
    `no Temporal server answers at ${address}; start one with \`${startCommands().server}\` or set TEMPORAL_ADDRESS`,
    { cause },
  );
}

/**
 * Throws where a server cannot be reached or TLS is set up wrongly, before gRPC tries until its deadline and gives no reason. Behind a
 * proxy there is no telling.
 */
export async function refuseAtOnce(
  address: string,
  tls: TlsSettings,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  if (['grpc_proxy', 'https_proxy', 'http_proxy'].some((name) => env[name])) return;
  const found = await probeServer(address, tls);
  if (found?.kind === 'absent') throw noServer(address, found.cause);
  if (found?.kind === 'misfit') throw new TryOnClientError('BadConfig', found.line, { cause: found.cause });
}

function settingsOf(options: ConnectTryOnOptions): { connection: ConnectionOptions; namespace: string } {
  try {
    const env = options.env ?? process.env;
    const { connectionOptions, namespace } = loadClientConnectConfig(
      env === process.env ? {} : { overrideEnvVars: env as Record<string, string> },
    );
    const address = options.address ?? connectionOptions.address ?? 'localhost:7233';
    const connectTimeout = options.connectTimeoutMs ?? 5_000;
    const connection = { ...(connectionOptions as ConnectionOptions), address, connectTimeout };
    return { connection, namespace: options.namespace ?? namespace ?? 'default' };
  } catch (error) {
    throw badConfig(error);
  }
}

/**
 * Connects and makes sure that the namespace is there.
 * @throws {TryOnClientError} `NoServer`, `NoNamespace`, `NotAllowed` or `BadConfig`
 */
export async function connectTemporal(options: ConnectTryOnOptions = {}): Promise<Connected> {
  const { connection: settings, namespace } = settingsOf(options);
  const codec = readDataConverter(options.env ?? process.env);
  if (!codec.ok) throw new TryOnClientError('BadConfig', codec.problems.join('; '));
  const { dataConverter } = codec;
  const address = settings.address ?? '';
  await refuseAtOnce(address, settings.tls, options.env ?? process.env);
  const connection = await Connection.connect(settings).catch((error: unknown) => {
    throw explain(error, address, namespace);
  });
  try {
    await connection.withDeadline(Date.now() + 5_000, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
  } catch (error) {
    // Who may start workflows need not be allowed to describe the namespace.
    if (grpcCode(error) !== grpcStatus.permissionDenied) {
      await connection.close();
      throw explain(error, address, namespace);
    }
  }
  return {
    client: new Client({ connection, namespace, ...(dataConverter === undefined ? {} : { dataConverter }) }),
    address,
    namespace,
    close: () => connection.close(),
  };
}

/** Says in one line that a server refuses who asks. */
export function notAllowed(address: string, cause: unknown): TryOnClientError {
  return new TryOnClientError(
    'NotAllowed',
    `the Temporal server at ${address} refuses these credentials; check TEMPORAL_API_KEY, TEMPORAL_TLS_* and TEMPORAL_NAMESPACE`,
    { cause },
  );
}

function explain(error: unknown, address: string, namespace: string): TryOnClientError {
  switch (grpcCode(error)) {
    case grpcStatus.notFound:
      return new TryOnClientError(
        'NoNamespace',
        `the Temporal server at ${address} has no namespace "${namespace}"; create it with ` +
          `\`temporal operator namespace create -n ${namespace}\` or set TEMPORAL_NAMESPACE`,
        { cause: error },
      );
    case grpcStatus.permissionDenied:
    case grpcStatus.unauthenticated:
      return notAllowed(address, error);
    default:
      return noServer(address, error);
  }
}
