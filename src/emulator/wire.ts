/** Sends an answer, whole or with a transport fault. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { EmulatedAnswer } from './answer.js';

/** Sizes and intervals of the faults. */
const wireFigures = {
  hugeBytes: 64 * 1024 * 1024,
  dripMs: 500,
  endlessMs: 100,
  /** A reset right after data may overtake it. After this delay the reader has the data. */
  resetAfterMs: 30,
} as const;

let bomb: Buffer | undefined;

/**
 * Sends an answer. Resolves when it is sent, when it hangs, or when the reader has left.
 * @param deadSockets - gets the connections to close at their next request
 */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: EmulatedAnswer,
  deadSockets: WeakSet<Socket>,
): Promise<void> {
  const { socket } = request;
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  const { signal } = closed;
  const body = Buffer.from(answer.body, 'utf8');
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal });
  const head = (length?: number, extra: Record<string, string> = {}): void => {
    const sized = length === undefined || answer.status === 204 ? {} : { 'content-length': String(length) };
    response.writeHead(answer.status, { ...answer.headers, ...sized, ...extra });
  };
  /** Resolves when the reader can take more. */
  const write = async (data: Buffer | string): Promise<void> => {
    if (!response.write(data)) await once(response, 'drain', { signal });
  };
  try {
    switch (answer.wire) {
      case 'reset-before-headers':
        socket.resetAndDestroy();
        return;
      case 'reset-mid-body':
        head(body.length);
        response.write(body.subarray(0, Math.ceil(body.length / 2)));
        await pause(wireFigures.resetAfterMs);
        socket.resetAndDestroy();
        return;
      case 'hang':
        return;
      case 'hang-after-headers':
        head(body.length);
        response.flushHeaders();
        return;
      case 'drip':
        head(body.length);
        for (const byte of body) {
          await write(Buffer.of(byte));
          await pause(wireFigures.dripMs);
        }
        break;
      case 'endless':
        head();
        response.write('{"code":"0","pad":"');
        while (!signal.aborted) {
          await write('................');
          await pause(wireFigures.endlessMs);
        }
        return;
      case 'huge': {
        head();
        const block = Buffer.alloc(64 * 1024, '.');
        await write('{"code":"0","pad":"');
        for (let sent = 0; sent < wireFigures.hugeBytes && !signal.aborted; sent += block.length) await write(block);
        response.end('"}');
        return;
      }
      case 'gzip':
      case 'gzip-bomb': {
        bomb ??= answer.wire === 'gzip' ? undefined : gzipSync(Buffer.alloc(wireFigures.hugeBytes, ' '));
        const packed = answer.wire === 'gzip' ? gzipSync(body) : (bomb ?? body);
        head(packed.length, { 'content-encoding': 'gzip' });
        response.end(packed);
        return;
      }
      case 'truncated': {
        const part = body.subarray(0, Math.floor(body.length / 2));
        head(part.length);
        response.end(part);
        return;
      }
      case 'slow':
        await pause((answer.seconds ?? 2) * 1000);
        break;
      case 'dead-keep-alive':
        deadSockets.add(socket);
        break;
      case undefined:
        break;
    }
    if (!response.headersSent) head(body.length);
    response.end(answer.wire === 'drip' ? undefined : body);
  } catch (error) {
    if (!signal.aborted) throw error; // the reader has left, or the emulator closes
  }
}
