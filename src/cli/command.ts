/** What a command is, and what it is given. */
import type { TryOnClient } from '../client/client.js';
import type { Invocation } from './options.js';
import type { Output } from './output.js';

/** What a command runs with. */
export interface Context {
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted by SIGINT, SIGTERM or SIGHUP, with {@link Interrupted} as its reason. */
  readonly signal: AbortSignal;
}

/** A command: resolves to its exit code. */
export type Run = (invocation: Invocation, context: Context) => Promise<number>;

/** Connects, works, closes. */
export async function withClient<T>(context: Context, work: (client: TryOnClient) => Promise<T>): Promise<T> {
  const { createTryOnClient } = await import('../client/client.js');
  const client = await createTryOnClient({ env: context.env });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
