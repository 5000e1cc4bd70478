/** The contract's search attributes: which a namespace has, and their values of one workflow. */
import type { Connection } from '@temporalio/client';
import { searchAttributes } from '../contract.js';

/**
 * Reads which of the contract's search attributes a namespace has registered.
 * @param connection - of a client or of a worker
 * @throws where the server refuses to list them, as Temporal Cloud does
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

/** The first value of a search attribute of a workflow that was listed or described; `undefined` where it has none. */
export function attributeValue(
  { searchAttributes: values }: { readonly searchAttributes: Readonly<Record<string, readonly unknown[] | undefined>> },
  field: keyof typeof searchAttributes,
): unknown {
  return values[searchAttributes[field].name]?.[0];
}
