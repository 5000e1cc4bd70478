/**
 * Finds out why there is no connection to Temporal. gRPC tries a refused or mistrusted connection until its deadline and does not say
 * why; a socket knows at once. Verification is as strict as gRPC's own.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** TLS as `@temporalio/envconfig` gives it. */
export type TlsSettings =
  | boolean
  | null
  | undefined
  | {
      readonly serverNameOverride?: string | undefined;
      readonly serverRootCACertificate?: Uint8Array | undefined;
      readonly clientCertPair?: { readonly crt: Uint8Array; readonly key: Uint8Array } | undefined;
    };

/** What is wrong: nobody answers, or how TLS is set up. `line` names the remedy, and never a certificate's content. */
export type ProbeResult =
  | { readonly kind: 'absent'; readonly cause: Error }
  | { readonly kind: 'misfit'; readonly line: string; readonly cause?: Error };

const PROBE_MS = 3_000;

/** The connection preface of HTTP/2 and an empty SETTINGS frame: a server answers with a frame of its own. */
const hello = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);
const settingsFrame = 4;
const tlsAlert = 0x15;

interface Rule {
  readonly code: RegExp;
  readonly says: string;
}

const refusesClient =
  'does not accept the client certificate, or asks for one; set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH ' +
  'to a pair that it trusts';

/** By the code of the error; the first that fits. */
const tlsRules: readonly Rule[] = [
  {
    code: /ALTNAME_INVALID|HOSTNAME_MISMATCH/,
    says: 'shows a certificate of another name; correct TEMPORAL_ADDRESS or set TEMPORAL_TLS_SERVER_NAME',
  },
  {
    code: /^CERT_HAS_EXPIRED$/,
    says: 'shows a certificate that has expired; renew it, or set the clock of this machine',
  },
  {
    code: /^(?:SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|CERT_|INVALID_CA)/,
    says: 'shows a certificate that is not trusted here; set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the authority that signed it',
  },
  {
    code: /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/,
    says: 'does not speak TLS; unset TEMPORAL_TLS, TEMPORAL_TLS_* and TEMPORAL_API_KEY, or correct TEMPORAL_ADDRESS',
  },
  { code: /^ERR_SSL_(?:TLS|SSL).*ALERT/, says: refusesClient },
];

const plainMisfit =
  'does not speak gRPC without TLS; set TEMPORAL_TLS=true, with TEMPORAL_TLS_SERVER_CA_CERT_PATH for an authority of your own';

function open(host: string, port: number, tls: TlsSettings): Socket {
  if (!tls) return connectTcp({ host, port });
  const { serverNameOverride, serverRootCACertificate, clientCertPair } = tls === true ? {} : tls;
  const servername = serverNameOverride ?? (isIP(host) === 0 ? host : undefined);
  return connectTls({
    host,
    port,
    ALPNProtocols: ['h2'],
    ...(servername === undefined ? {} : { servername }),
    ...(serverRootCACertificate === undefined ? {} : { ca: Buffer.from(serverRootCACertificate) }),
    ...(clientCertPair === undefined
      ? {}
      : { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) }),
  });
}

/**
 * Knocks at a server.
 * @param address - `host:port`, `[::1]:port` or a host alone, port 7233
 * @returns what is wrong, or `undefined` where nothing is or it cannot be told within 3 s
 */
export async function probeServer(address: string, tls: TlsSettings): Promise<ProbeResult | undefined> {
  const target = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(address);
  if (target === null) return undefined;
  const misfit = (says: string, cause?: Error): ProbeResult => ({
    kind: 'misfit',
    line: `the Temporal server at ${address} ${says}`,
    ...(cause === undefined ? {} : { cause }),
  });
  let socket: Socket;
  try {
    socket = open(target[1] ?? target[2] ?? '', Number(target[3] ?? 7233), tls);
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    return {
      kind: 'misfit',
      line: `the certificates named by TEMPORAL_TLS_* cannot be used (${code}); give PEM files, and a key that fits its certificate`,
      cause: error as Error,
    };
  }
  return await new Promise((resolve) => {
    let isConnected = false;
    let isSecure = false;
    const timer = setTimeout(() => settle(undefined), PROBE_MS);
    const settle = (found: ProbeResult | undefined): void => {
      clearTimeout(timer);
      resolve(found);
      socket.destroy();
    };
    /** The connection ended before a word of HTTP/2. After a whole handshake it is the client's certificate that was refused. */
    const brokenOff = (word: string, cause?: Error): ProbeResult => {
      if (!tls) return misfit(plainMisfit, cause);
      return misfit(isSecure ? refusesClient : `breaks off the TLS handshake (${word}); check TEMPORAL_TLS_*`, cause);
    };
    socket.once('connect', () => {
      isConnected = true;
    });
    socket.once('secureConnect', () => {
      isSecure = true;
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const { code = '' } = error;
      const rule = tlsRules.find((one) => one.code.test(code));
      if (rule !== undefined) settle(misfit(`${rule.says} (${code})`, error));
      else settle(isConnected ? brokenOff(code, error) : { kind: 'absent', cause: error });
    });
    socket.once('close', () => settle(brokenOff('closed')));
    let head = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      head = Buffer.concat([head, bytes]);
      // What comes first is an HTTP/2 frame: 3 bytes of length, then its type.
      if (head[0] === tlsAlert || (head.length > 3 && head[3] !== settingsFrame)) {
        settle(tls ? undefined : brokenOff('alert'));
      } else if (head.length > 3) settle(undefined);
    });
    socket.write(hello);
  });
}
