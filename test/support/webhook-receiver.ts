/** A receiver of webhooks in Node: verifies each post with the library of Standard Webhooks, and answers by a script. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** One post, as it came. */
export interface Post {
  readonly id: string;
  readonly event: { readonly kind: string; readonly sequence: number; readonly taskId?: string };
  readonly headers: IncomingHttpHeaders;
  readonly atMs: number;
}

/** How a post is answered; by default with 204. `hang`: never. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly hang?: boolean;
}

/** A secret of Standard Webhooks. */
export const newSecret = (letter = 'k'): string => `whsec_${Buffer.alloc(32, letter).toString('base64')}`;

/** A receiver that runs. */
export interface Receiver {
  readonly url: string;
  readonly port: number;
  /** Every post that was verified, answered well or not. */
  readonly posts: readonly Post[];
  /** Those that were accepted. */
  readonly accepted: readonly Post[];
  /** Posts that are not signed as they must be. */
  readonly refused: readonly string[];
  answer: (post: Post) => Answer;
  close(): Promise<void>;
}

/** Starts a receiver on the loopback interface. */
export async function startReceiver(secret: string, port = 0): Promise<Receiver> {
  const [posts, accepted, refused]: [Post[], Post[], string[]] = [[], [], []];
  const library = new Webhook(secret);
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    try {
      const event = library.verify(body, request.headers as Record<string, string>) as Post['event'];
      const post = { id: String(request.headers['webhook-id']), event, headers: request.headers, atMs: Date.now() };
      posts.push(post);
      const { status = 204, headers = {}, hang = false } = receiver.answer(post);
      if (hang) return;
      if (status < 300) accepted.push(post);
      response.writeHead(status, headers).end();
    } catch (error) {
      refused.push(String(error));
      response.writeHead(401).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${address.port}/hooks/try-on?key=hidden-in-url`,
    port: address.port,
    posts,
    accepted,
    refused,
    answer: () => ({}),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
