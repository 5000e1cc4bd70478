/** The contract's search attributes: which a namespace has, and their values of one workflow. */
import type { Connection } from '@temporalio/client';
import { searchAttributes } from '../contract.js';

/**
 * Reads which of the contract's search attributes a namespace has registered.
 * @param connection - of a client or of a worker
 * @throws if the server refuses to list them, as Temporal Cloud does
 */
export async function registeredSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<readonly string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.values(searchAttributes)
    .map(({ name }) => name)
    .filter((name) => Object.hasOwn(customAttributes ?? {}, name));
}

/** The first value of a search attribute of a workflow that was listed or described; `undefined` if it has none. */
export function attributeValue(
  { searchAttributes: values }: { readonly searchAttributes: Readonly<Record<string, readonly unknown[] | undefined>> },
  field: keyof typeof searchAttributes,
): unknown {
  return values[searchAttributes[field].name]?.[0];
}

/** Which search attributes a namespace has, as it was last read. */
export interface RegisteredAttributes {
  /** Settles when the first read has ended, successful or not. */
  readonly first: Promise<void>;
  /** As of the last read that succeeded; empty before, and if the server refuses to list them. */
  names(): readonly string[];
  stop(): void;
}

const READ_EVERY_MS = 60_000;
/** A worker waits for the first read: a server that does not answer must not keep it from starting. */
const READ_WITHIN_MS = 5_000;

/** Reads once a minute which of the contract's search attributes a namespace has. The caller stops it. */
export function watchSearchAttributes(
  connection: Pick<Connection, 'operatorService' | 'withDeadline'>,
  namespace: string,
): RegisteredAttributes {
  let names: readonly string[] = [];
  const read = async (): Promise<void> => {
    try {
      names = await connection.withDeadline(Date.now() + READ_WITHIN_MS, () =>
        registeredSearchAttributes(connection, namespace),
      );
    } catch {
      // A read that fails says nothing: a wait would stop setting attributes that it has set before.
    }
  };
  const timer = setInterval(read, READ_EVERY_MS);
  timer.unref();
  return { first: read(), names: () => names, stop: () => clearInterval(timer) };
}
