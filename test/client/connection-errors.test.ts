import { expect, test } from 'vitest';
import { connectionError } from '../../src/client/connection-errors.js';

const attempt = { address: 'temporal.example:7233', namespace: 'shop', isTls: true };
const grpc = (code: number, details: string): Error =>
  Object.assign(new Error(`${code} NAME: ${details}`), { code, details });
const unavailable = (last: string): Error =>
  grpc(14, `No connection established. Last error: ${last}. Resolution note: `);
const openssl = (code: string, message: string): Error => Object.assign(new Error(message), { code });
const native = (detail: string): Error => new Error(`tonic::transport::Error(Transport, ${detail})`);
const systemInfo = (detail: string): Error => new Error(`Failed to call GetSystemInfo: code: ${detail}`);

// Recorded from gRPC for Node.js (@temporalio/client 1.24.0) and from the worker's native client.
test.each<[string, Error, string, RegExp]>([
  ['nobody listens', unavailable('Error: connect ECONNREFUSED 127.0.0.1:1'), 'NoServer', /TEMPORAL_ADDRESS$/],
  ['no such host', grpc(14, 'Name resolution failed for target dns:nowhere.invalid:7233'), 'NoServer', /^no Temporal/],
  ['nothing is answered', grpc(4, 'Deadline exceeded after 5.001s,Waiting for LB pick'), 'NoServer', /^no Temporal/],
  [
    'nobody listens, to a worker',
    native('ConnectError(ConnectError("tcp connect error", 127.0.0.1:1, Os { code: 111, kind: ConnectionRefused }))'),
    'NoServer',
    /^no Temporal server answers at temporal.example:7233; start one with/,
  ],
  [
    'another authority',
    unavailable('Error: self-signed certificate in certificate chain'),
    'BadConfig',
    /not trusted here; set TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
  ],
  [
    'another authority, to a worker',
    native('ConnectError(Custom { kind: InvalidData, error: InvalidCertificate(UnknownIssuer) })'),
    'BadConfig',
    /not trusted here/,
  ],
  [
    'an expired certificate, to a worker',
    native(
      'ConnectError(Custom { kind: InvalidData, error: InvalidCertificate(ExpiredContext { time: UnixTime(1) }) })',
    ),
    'BadConfig',
    /has expired/,
  ],
  [
    'another name',
    unavailable("Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames"),
    'BadConfig',
    /another name; correct TEMPORAL_ADDRESS or set TEMPORAL_TLS_SERVER_NAME/,
  ],
  [
    'another name, to a worker',
    native('ConnectError(Custom { kind: InvalidData, error: InvalidCertificate(NotValidForNameContext { .. }) })'),
    'BadConfig',
    /another name/,
  ],
  [
    'no client certificate',
    unavailable(
      'error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required: SSL alert number 116\n',
    ),
    'BadConfig',
    /asks for one; set TEMPORAL_TLS_CLIENT_CERT_PATH/,
  ],
  [
    'no client certificate, to a worker',
    systemInfo(`'Unknown error', source: hyper::Error(Io, "received fatal alert: CertificateRequired")`),
    'BadConfig',
    /asks for one; set TEMPORAL_TLS_CLIENT_CERT_PATH/,
  ],
  [
    'a server without TLS',
    unavailable('Error: error:0A00010B:SSL routines:ssl3_get_record:wrong version number'),
    'BadConfig',
    /does not speak TLS; unset TEMPORAL_TLS/,
  ],
  [
    'a server without TLS, to a worker',
    native('ConnectError(Custom { kind: InvalidData, error: InvalidMessage(InvalidContentType) })'),
    'BadConfig',
    /does not speak TLS/,
  ],
  [
    'a closed handshake',
    unavailable('Failed to connect (2026-01-31T12:00:00.000Z)'),
    'BadConfig',
    /closes the connection during the TLS handshake.*TEMPORAL_TLS_CLIENT_CERT_PATH/,
  ],
  [
    'a key of another certificate',
    openssl('ERR_OSSL_X509_KEY_VALUES_MISMATCH', 'error:05800074:x509 certificate routines::key values mismatch'),
    'BadConfig',
    /cannot be used; give PEM files, and a key that fits/,
  ],
  ['no PEM, to a worker', native('NoCertificatesPresented'), 'BadConfig', /cannot be used/],
  ['a wrong API key', grpc(16, ''), 'NotAllowed', /refuses these credentials; check TEMPORAL_API_KEY/],
  [
    'a wrong API key, to a worker',
    systemInfo(`'The request does not have valid authentication credentials'`),
    'NotAllowed',
    /refuses these credentials/,
  ],
  ['a missing namespace', grpc(5, 'Namespace shop is not found.'), 'NoNamespace', /has no namespace "shop"; create it/],
])('%s is one line with its remedy', (_what, error, code, message) => {
  const explained = connectionError(error, attempt);
  expect(explained).toMatchObject({ code, message: expect.stringMatching(message), cause: error });
  expect(explained.message).not.toContain('\n');
});

test('a connection that closes without TLS asks for TLS', () => {
  const error = unavailable('Failed to connect (2026-01-31T12:00:00.000Z)');
  expect(connectionError(error, { ...attempt, isTls: false }).message).toMatch(/set TEMPORAL_TLS=true/);
});
