/** What Temporal's client throws where the server is away or refuses a call, as errors of this package. */
import { type Client, NamespaceNotFoundError } from '@temporalio/client';
import { firstLine } from '../error-text.js';
import { grpcCode, grpcStatus } from '../temporal/grpc.js';
import { grpcError, isAway } from './away.js';
import { noNamespace } from './connection-errors.js';
import { TryOnClientError } from './errors.js';

/** `at host:port`, if the connection knows it. */
function placeOf({ connection }: Pick<Client, 'connection'>): string {
  const { options } = connection as { readonly options?: { readonly address?: unknown } };
  return typeof options?.address === 'string' ? ` at ${options.address}` : '';
}

/**
 * What a call failed with, as an error of this package where the server was away, was too slow, or refuses this client.
 * @returns a `TryOnClientError` `NoServer`, `NoNamespace` or `NotAllowed`, or the error itself if it is of another kind
 */
export function serverError(error: unknown, client: Pick<Client, 'connection'>): unknown {
  if (error instanceof TryOnClientError) return error;
  if (error instanceof NamespaceNotFoundError) return noNamespace(error.namespace, error);
  const code = grpcCode(error);
  // gRPC for Node.js ends with an empty note.
  const reason = firstLine(grpcError(error)).replace(/\. Resolution note: *$/, '');
  const server = (): string => `the Temporal server${placeOf(client)}`;
  if (isAway(error) || code === grpcStatus.deadlineExceeded) {
    return new TryOnClientError('NoServer', `${server()} cannot answer now (${reason}); try again later`, {
      cause: error,
    });
  }
  if (code === grpcStatus.permissionDenied || code === grpcStatus.unauthenticated) {
    return new TryOnClientError('NotAllowed', `${server()} refuses this call (${reason}); grant the right to it`, {
      cause: error,
    });
  }
  return error;
}

async function* typedChanges<T>(changes: AsyncIterable<T>, client: Client): AsyncGenerator<T, void, undefined> {
  try {
    yield* changes;
  } catch (error) {
    throw serverError(error, client);
  }
}

/** The same object; what its methods, which return promises or async generators, throw goes through {@link serverError}. */
export function withServerErrors<T extends object>(calls: T, client: Client): T {
  const typed =
    (call: (...args: unknown[]) => unknown) =>
    (...args: unknown[]): unknown => {
      const result = call(...args);
      if (result instanceof Promise) {
        return result.catch((error: unknown) => {
          throw serverError(error, client);
        });
      }
      return typedChanges(result as AsyncIterable<unknown>, client);
    };
  return Object.fromEntries(
    Object.entries(calls).map(([name, value]) => [name, typeof value === 'function' ? typed(value) : value]),
  ) as T;
}
