/** Signals whose payloads cannot be decoded, sent past any client's data converter. */
import type { Client } from '@temporalio/client';

/** A payload as it is on the wire. */
export interface WirePayload {
  readonly metadata?: Readonly<Record<string, Uint8Array>>;
  readonly data?: Uint8Array;
}

const payload = (encoding: string | undefined, data: string, more: Record<string, string> = {}): WirePayload => ({
  metadata: Object.fromEntries(
    Object.entries({ ...(encoding === undefined ? {} : { encoding }), ...more }).map(([key, text]) => [
      key,
      Buffer.from(text),
    ]),
  ),
  data: Buffer.from(data),
});

/** By what is wrong with them. */
export const undecodable: Readonly<Record<string, readonly WirePayload[]>> = {
  'another codec': [payload('binary/encrypted', 'x'.repeat(64), { 'encryption-key-id': 'nobody-has-it' })],
  'a codec without a key id': [payload('binary/encrypted', 'x'.repeat(64))],
  'an unknown encoding': [payload('binary/zlib', 'x')],
  'broken JSON': [payload('json/plain', '{"workflowId":')],
  'no JSON at all': [payload('json/plain', '\u0000\ufffd')],
  'no encoding': [payload(undefined, '{}')],
  'no metadata': [{ data: Buffer.from('{}') }],
  'no data': [{ metadata: { encoding: Buffer.from('json/plain') } }],
  'nothing at all': [{}],
  'broken in the second argument': [
    payload('json/plain', '{"workflowId":"w","x":1}'),
    payload('binary/zlib', 'x'),
    payload('json/plain', '{'),
  ],
};

/** Signals that can be decoded, and are wrong. */
export const malformed: readonly (readonly WirePayload[])[] = [
  [payload('json/plain', '{"workflowId":"w","runID":"x"}')],
  [payload('json/plain', '{"workflowId":5}')],
  [payload('json/plain', 'null')],
  [payload('json/plain', '[]')],
  [],
];

/** Sends one signal with these payloads. */
export async function signalRaw(
  client: Client,
  workflowId: string,
  signalName: string,
  payloads: readonly WirePayload[],
): Promise<void> {
  await client.workflowService.signalWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId },
    signalName,
    input: { payloads: payloads.map((one) => ({ ...one })) },
  });
}
