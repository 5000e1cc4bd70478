/** What a command is and what it gets. */
import type { TryOnClient } from '../client/client.js';
import type { ArgumentsOf, CommandName, OptionsOf } from './options.js';
import type { Output } from './output.js';

/** What the parser passes to a command. */
export interface Invocation<Name extends CommandName> {
  readonly args: ArgumentsOf<Name>;
  readonly options: OptionsOf<Name>;
}

/** The surroundings that a command runs in. */
export interface Context {
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  /** SIGINT, SIGTERM and SIGHUP abort it, with an `Interrupted` error as its reason. */
  readonly signal: AbortSignal;
}

/** A command. Resolves to its exit code. */
export type Run<Name extends CommandName> = (invocation: Invocation<Name>, context: Context) => Promise<number>;

/** Connects a client, passes it to `work` and closes it afterwards. */
export async function withClient<T>(context: Context, work: (client: TryOnClient) => Promise<T>): Promise<T> {
  const { createTryOnClient } = await import('../client/client.js');
  const client = await createTryOnClient({ env: context.env });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
