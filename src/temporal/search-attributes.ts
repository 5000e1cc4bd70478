/** The contract's search attributes: which a namespace has, and their values of one workflow. */
import type { Connection } from '@temporalio/client';
import { searchAttributes } from '../contract.js';

/** What a namespace has of the contract's search attributes. */
export interface AttributesRead {
  /** Names that have the contract's type. */
  readonly registered: readonly string[];
  /** Names that have another type. They count as absent: a workflow that sets one could not go on. */
  readonly mistyped: readonly string[];
}

type Reads = Pick<Connection, 'operatorService' | 'workflowService'>;

/** As in Temporal's API, `IndexedValueType`; and how the fields of a namespace begin that stand for an attribute of this type. */
const types = { KEYWORD: { value: 2, field: /^Keyword\d/ }, INT: { value: 3, field: /^Int\d/ } } as const;

function readBy(isOfType: (name: string, type: keyof typeof types) => boolean | undefined): AttributesRead {
  const registered: string[] = [];
  const mistyped: string[] = [];
  for (const { name, type } of Object.values(searchAttributes)) {
    const isRight = isOfType(name, type);
    if (isRight !== undefined) (isRight ? registered : mistyped).push(name);
  }
  return { registered, mistyped };
}

const ownOf = <T>(record: Readonly<Record<string, T>> | null | undefined, name: string): T | undefined =>
  record !== null && record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;

/**
 * Reads which of the contract's search attributes a namespace has. Where the server refuses to list them, as Temporal Cloud does, the
 * description of the namespace tells.
 * @param connection - of a client or of a worker
 * @throws if the server refuses both
 */
export async function readSearchAttributes(connection: Reads, namespace: string): Promise<AttributesRead> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return readBy((name, type) => {
      const found = ownOf(customAttributes, name);
      return found === undefined ? undefined : found === types[type].value;
    });
  } catch (error) {
    const described = await connection.workflowService.describeNamespace({ namespace }).catch(() => undefined);
    const aliases = Object.entries(described?.config?.customSearchAttributeAliases ?? {});
    // A namespace whose attributes have no aliases has its own way to keep them, and says nothing here.
    if (aliases.length === 0) throw error;
    const fields = new Map(aliases.map(([field, alias]) => [alias, field]));
    return readBy((name, type) => {
      const field = fields.get(name);
      return field === undefined ? undefined : types[type].field.test(field);
    });
  }
}

/** The names that {@link readSearchAttributes} found with the right type. */
export const registeredSearchAttributes = async (connection: Reads, namespace: string): Promise<readonly string[]> =>
  (await readSearchAttributes(connection, namespace)).registered;

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
  /** As of the last read that succeeded; empty before. */
  names(): readonly string[];
  stop(): void;
}

const READ_EVERY_MS = 60_000;
/** A worker waits for the first read: a server that does not answer must not keep it from starting. */
const READ_WITHIN_MS = 5_000;

/**
 * Which of the contract's search attributes a namespace has, for a client that has no timers: read again at a call that comes a minute after
 * the last read. A read that fails leaves what was known.
 * @param client - read at the first call: a client that is never used is not touched
 * @param monotonicMs - default `performance.now`
 */
export function rememberSearchAttributes(
  client: {
    readonly connection: Reads & Pick<Connection, 'withDeadline'>;
    readonly options: { readonly namespace: string };
  },
  monotonicMs: () => number = () => performance.now(),
): () => Promise<readonly string[]> {
  let names: Promise<readonly string[]> = Promise.resolve([]);
  let readAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (monotonicMs() - readAtMs < READ_EVERY_MS) return names;
    readAtMs = monotonicMs();
    const before = names;
    const { connection, options } = client;
    names = connection
      .withDeadline(Date.now() + READ_WITHIN_MS, () => registeredSearchAttributes(connection, options.namespace))
      .catch(() => before);
    return names;
  };
}

/** Reads once a minute which of the contract's search attributes a namespace has. The caller stops it. */
export function watchSearchAttributes(
  connection: Reads & Pick<Connection, 'withDeadline'>,
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
