/** Sends an answer, whole or with a transport fault. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Answer } from './answer.js';

/** Sizes and intervals of the faults. */
export const wireFigures = {
  hugeBytes: 64 * 1024 * 1024,
  dripMs: 500,
  endlessMs: 100,
  /** A reset right after data may overtake it. After this delay the reader has the data. */
  resetAfterMs: 30,
} as const;

let bomb: Buffer | undefined;

/** The server's part in sending. */
export interface WireHost {
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
  /** Connections to close at their next request. */
  readonly deadSockets: WeakSet<Socket>;
}

/** Sends an answer. Resolves when it is sent, when it hangs, or when the reader has left. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  host: WireHost,
): Promise<void> {
  const { socket } = request;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, host.closing]);
  const body = Buffer.from(answer.body, 'utf8');
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal });
  const head = (length?: number, more: Record<string, string> = {}): void => {
    const sized = length === undefined || answer.status === 204 ? {} : { 'content-length': String(length) };
    response.writeHead(answer.status, { ...answer.headers, ...sized, ...more });
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
        host.deadSockets.add(socket);
        break;
      case undefined:
        break;
    }
    if (!response.headersSent) head(body.length);
    response.end(answer.wire === 'drip' ? undefined : body);
  } catch (error) {
    if (!signal.aborted) throw error; // the reader has left, or the server closes
  }
}
