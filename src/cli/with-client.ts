/** A connected client for the length of a command. */
import type { TryOnClient } from '../client/client.js';
import type { Context } from './program.js';

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
