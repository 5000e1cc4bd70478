/**
 * A worker's data converter whose codecs leave a payload that they cannot decode sealed. The SDK decodes all payloads of a workflow task at
 * once, so one signal in another codec would fail each workflow task from then on. What is sealed has an encoding that no payload converter
 * knows: as a workflow's input or an activity's result it still fails the task, until a worker has the key; our signals survive it.
 */
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';

const REASON_CHARACTERS = 500;

/** The SDK shows an unknown encoding in its error: so that error has the reason and the remedy. */
const sealed = (payload: Payload, error: unknown): Payload => ({
  ...payload,
  metadata: {
    ...payload.metadata,
    encoding: Buffer.from(
      `sealed (${error instanceof Error ? error.message : String(error)})`.slice(0, REASON_CHARACTERS),
    ),
  },
});

/**
 * Whether an error is one of the system or the network, as of a codec that calls a key service: no fault of the payload, and over when the
 * workflow task is tried again.
 */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as Error & { readonly code?: unknown };
  // A number is gRPC's. Codes of Node.js begin with ERR_, also those of a payload that does not decrypt.
  const isOfSystem =
    typeof code === 'number' || (typeof code === 'string' && /^(?!ERR_)(?:E[A-Z_]+|UND_ERR_\w+)$/.test(code));
  return isOfSystem || /Abort|Timeout/.test(error.name) || isPassing(error.cause);
}

/** Makes one codec of several. Encodes as they do; decodes each payload for itself where they fail together. */
export function tolerantCodec(codecs: readonly PayloadCodec[]): PayloadCodec {
  const decodeAll: PayloadCodec['decode'] = async (payloads, context) => {
    let decoded = payloads;
    for (const codec of [...codecs].reverse()) decoded = await codec.decode(decoded, context);
    return decoded;
  };
  return {
    async encode(payloads, context) {
      let encoded = payloads;
      for (const codec of codecs) encoded = await codec.encode(encoded, context);
      return encoded;
    },
    async decode(payloads, context) {
      try {
        return await decodeAll(payloads, context);
      } catch (error) {
        if (isPassing(error)) throw error;
        if (payloads.length === 1) return payloads.map((payload) => sealed(payload, error));
      }
      const each = payloads.map((payload) => this.decode([payload], context));
      return (await Promise.all(each)).flat();
    },
  };
}

/** The data converter for a worker; one without codecs stays as it is. */
export function tolerantConverter<C extends DataConverter | undefined>(converter: C): C {
  const codecs = converter?.payloadCodecs ?? [];
  return codecs.length === 0 ? converter : { ...converter, payloadCodecs: [tolerantCodec(codecs)] };
}
