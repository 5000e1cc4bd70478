/** Why there is no usable connection to Temporal, as one line with its remedy. Pure. */
import { firstLine } from '../error-text.js';
import { grpcCode, grpcStatus } from '../temporal/grpc.js';
import { TryOnClientError } from './errors.js';
import { startCommands } from './next-commands.js';

/** What the error does not say itself. */
export interface ConnectionAttempt {
  readonly address: string;
  readonly namespace: string;
  readonly isTls: boolean;
}

const clientPair = 'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH';

interface TlsRule {
  /** Text of gRPC for Node.js and OpenSSL, then of the worker's native client (tonic and rustls). */
  readonly pattern: RegExp;
  readonly message: string;
}

/** How TLS can be set up wrongly; the first that matches. */
const tlsRules: readonly TlsRule[] = [
  {
    pattern: /ALTNAME_INVALID|NotValidForName/,
    message: 'shows a certificate of another name; correct TEMPORAL_ADDRESS or set TEMPORAL_TLS_SERVER_NAME',
  },
  {
    pattern: /certificate has expired|InvalidCertificate\(Expired/,
    message: 'shows a certificate that has expired; renew it, or set the clock of this machine',
  },
  {
    pattern: /self-signed certificate|unable to (?:get|verify)|InvalidCertificate/,
    message:
      'shows a certificate that is not trusted here; set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the authority that signed it',
  },
  {
    pattern: /wrong version number|packet length too long|InvalidContentType/,
    message: 'does not speak TLS; unset TEMPORAL_TLS, TEMPORAL_TLS_* and TEMPORAL_API_KEY, or correct TEMPORAL_ADDRESS',
  },
  {
    pattern: /SSL alert number|received fatal alert/,
    message: `does not accept the client certificate, or asks for one; set ${clientPair} to a pair that it trusts`,
  },
];

/** The certificates cannot be loaded; thrown before anything is sent. */
const unusableCertificate = /^ERR_OSSL_(?!.*ALERT)|InconsistentKeys|NoCertificatesPresented|BadEncoding/;

/** The server ended the connection without a word. */
const closed =
  /Last error: Failed to connect|socket disconnected|ECONNRESET|broken pipe|unexpected-eof|UnexpectedEof|ConnectionReset/i;

/** Nobody answers at the address. With TLS, all else that has no words of its own is a connection closed by the server. */
const unreachable =
  /refused|Name resolution|ENOTFOUND|EAI_AGAIN|dns error|deadline exceeded|timed ?out|unreachable|EHOSTUNREACH/i;

/** The native client names no status code of gRPC. */
const unauthorized = /valid authentication credentials|permission/i;

/** The `BadConfig` of a configuration that cannot be read. */
export function badConfig(cause: unknown): TryOnClientError {
  return new TryOnClientError(
    'BadConfig',
    `Temporal's configuration cannot be read (${firstLine(cause)}); check the TEMPORAL_* variables and TEMPORAL_CONFIG_FILE`,
    { cause },
  );
}

/** The `NoNamespace` of a server that lacks the namespace; `address` if it is known. */
export function noNamespace(namespace: string, cause: unknown, address?: string): TryOnClientError {
  const server = address === undefined ? 'the Temporal server' : `the Temporal server at ${address}`;
  return new TryOnClientError(
    'NoNamespace',
    `${server} has no namespace "${namespace}"; create it with ` +
      `\`temporal operator namespace create -n ${namespace}\` or set TEMPORAL_NAMESPACE`,
    { cause },
  );
}

/**
 * Explains what a first call, or the attempt to connect, failed with.
 * @param error - of `@temporalio/client` or of the native connection of `@temporalio/worker`
 * @returns `NoServer`, `NoNamespace`, `NotAllowed` or `BadConfig`; the message names the address and the remedy, never a certificate or key
 */
export function connectionError(error: unknown, attempt: ConnectionAttempt): TryOnClientError {
  const { address, isTls } = attempt;
  const code = grpcCode(error);
  const options = { cause: error };
  const text = error instanceof Error ? error.message : String(error);
  const osCode = String((error as { readonly code?: unknown }).code ?? '');
  if (code === grpcStatus.notFound) return noNamespace(attempt.namespace, error, address);
  if (code === grpcStatus.permissionDenied || code === grpcStatus.unauthenticated || unauthorized.test(text)) {
    return new TryOnClientError(
      'NotAllowed',
      `the Temporal server at ${address} refuses these credentials; check TEMPORAL_API_KEY, TEMPORAL_TLS_* and TEMPORAL_NAMESPACE`,
      options,
    );
  }
  if (unusableCertificate.test(osCode) || unusableCertificate.test(text)) {
    return new TryOnClientError(
      'BadConfig',
      'the certificates named by TEMPORAL_TLS_* cannot be used; give PEM files, and a key that fits its certificate',
      options,
    );
  }
  const misfit = (message: string): TryOnClientError =>
    new TryOnClientError('BadConfig', `the Temporal server at ${address} ${message}`, options);
  const rule = tlsRules.find(({ pattern }) => pattern.test(text));
  if (rule !== undefined) return misfit(rule.message);
  if (closed.test(text) || (isTls && !unreachable.test(text))) {
    return misfit(
      isTls
        ? `closes the connection during the TLS handshake; check that it speaks TLS, and that it trusts the client certificate of ${clientPair}`
        : 'closes the connection, as a server that expects TLS does; set TEMPORAL_TLS=true, with TEMPORAL_TLS_SERVER_CA_CERT_PATH for ' +
            'an authority of your own',
    );
  }
  return new TryOnClientError(
    'NoServer',
    `no Temporal server answers at ${address}; start one with \`${startCommands().server}\` or set TEMPORAL_ADDRESS`,
    options,
  );
}
