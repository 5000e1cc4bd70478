/**
 * Signals whose argument is converted in their handler. The SDK converts it before any code of ours runs, and one that it cannot convert
 * fails each workflow task from then on: anybody who may signal a workflow could stop it.
 */
import { defaultPayloadConverter, type RawValue, rawValueTypeInfo, type TypeInfo } from '@temporalio/common';
import { defineSignal, log, patched, setHandler, workflowInfo } from '@temporalio/workflow';
import { maybeGetActivator } from '@temporalio/workflow/lib/global-attributes.js';

/** What becomes of a signal. */
export interface SignalHandling {
  readonly description: string;
  /** Takes the first argument; further ones are ignored. */
  readonly handle: (given: unknown) => void;
  /** Called where the argument cannot be decoded. Without it the workflow task fails until a worker can decode it. */
  readonly drop?: (problem: string) => void;
}

/** What `drop` is given; the cause is in the log alone, because it may differ from worker to worker. */
const UNDECODABLE = 'its payload cannot be decoded';

/** Every argument stays a payload, however many there are. */
const eachRaw = new Proxy<readonly TypeInfo[]>([], { get: () => rawValueTypeInfo });

type Decoded = { readonly value: unknown } | { readonly error: unknown };

function decode(given: RawValue | undefined): Decoded {
  if (given === undefined) return { value: undefined };
  const { namespace, workflowId } = workflowInfo();
  const converter = maybeGetActivator()?.payloadConverter ?? defaultPayloadConverter;
  try {
    return { value: converter.fromPayload(given.payload, { type: 'workflow', namespace, workflowId }) };
  } catch (error) {
    return { error };
  }
}

/**
 * Sets the handler of a signal that survives an argument that cannot be decoded: of another codec, with an unknown encoding, broken. That one
 * was dropped is recorded, so a worker that can decode it later (it has the key by then) replays the same.
 * @param name - of the signal
 */
export function setSignalHandler(name: string, { description, handle, drop }: SignalHandling): void {
  let received = 0;
  const onSignal = (...args: readonly RawValue[]): void => {
    received += 1;
    const decoded = decode(args[0]);
    if (drop !== undefined && isDropped(`tryon-dropped-${name}-${received}`, 'error' in decoded)) {
      const reason = 'error' in decoded ? String(decoded.error).slice(0, 500) : 'it could not be decoded at first';
      log.warn('a signal was dropped: its payload cannot be decoded', { signal: name, reason });
      drop(UNDECODABLE);
      return;
    }
    // Where it was decoded first, it must be decoded again.
    if ('error' in decoded) throw decoded.error;
    handle(decoded.value);
  };
  setHandler(defineSignal<RawValue[]>(name, { typeInfo: { inputTypes: eachRaw } }), onSignal, { description });
}

/** A marker records the decision; a replay takes it from there. No row of `patches.ts`: it is no change of code. */
function isDropped(markerId: string, isUndecodable: boolean): boolean {
  return (isUndecodable || workflowInfo().unsafe.isReplaying) && patched(markerId);
}
