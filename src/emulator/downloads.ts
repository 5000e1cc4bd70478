/** Faults of image downloads. The URL of an image carries the name of its fault, so that a download needs no memory of the task. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { deflateSync, gzipSync } from 'node:zlib';
import { pngWith } from './png.js';

/** What each does. The order is that of `--list-behaviours`. */
export const downloadModes = {
  hang: 'downloads that never answer',
  'hang-mid-body': 'downloads that stop in the middle',
  cut: 'downloads that break off, each time',
  'cut-once': 'downloads that break off the first time',
  'unavailable-once': 'downloads that get HTTP 503 the first time',
  gone: 'downloads that get HTTP 404',
  html: 'a page of HTML that is called an image',
  'wrong-type': 'images that are called text',
  'wrong-length': 'fewer bytes than the length says, on a connection that ends',
  'no-length': 'images without a length, cut off',
  'wrong-checksum': 'bytes that do not have the checksum of their response',
  compressed: 'images that are compressed although nobody asked',
  'gzip-bomb': '64 KiB that decompress to 64 MiB',
  huge: 'images of 64 MiB, without a length',
  'pixel-bomb': 'a small file of 400 million pixels',
  redirect: 'images behind a redirect',
  'redirect-loop': 'downloads in an endless chain of redirects',
  'redirect-metadata': 'downloads that lead to a cloud metadata service',
  'redirect-loopback': 'downloads that lead to another port of the loopback interface',
  'redirect-file': 'downloads that lead to a local file',
} as const;

/** Name of a fault. */
export type DownloadMode = keyof typeof downloadModes;

/** Whether a part of a URL names a fault. */
export const isDownloadMode = (name: string | undefined): name is DownloadMode =>
  name !== undefined && Object.hasOwn(downloadModes, name);

const HUGE_BYTES = 64 * 1024 * 1024;
/** A reset right after data may overtake it. */
const CUT_AFTER_MS = 30;
const BOMB_SIDE = 20_000;

let bomb: Buffer | undefined;
let gzipBomb: Buffer | undefined;

/** One bit a pixel, all black. */
function pixelBomb(): Buffer {
  const size = { width: BOMB_SIDE, height: BOMB_SIDE, bitDepth: 1, colourType: 0 };
  bomb ??= pngWith(size, deflateSync(Buffer.alloc(BOMB_SIDE * (1 + BOMB_SIDE / 8))));
  return bomb;
}

/** A gzip file is a run of members; so many small ones are made faster than a large one. */
function bombOfMembers(): Buffer {
  const member = gzipSync(Buffer.alloc(1024 * 1024));
  return Buffer.concat(Array.from({ length: HUGE_BYTES / (1024 * 1024) }, () => member));
}

const png = { 'content-type': 'image/png' };

/** What a faulty download needs to know. */
export interface FaultyDownload {
  readonly mode: DownloadMode;
  readonly image: Buffer;
  /** Whether this URL was asked for the first time. */
  readonly isFirst: boolean;
  /** The same image without a fault. */
  readonly plainUrl: string;
  /** A server that nobody should be led to. */
  readonly trapUrl: string;
}

/** Answers a download as its fault says. */
export async function sendFaulty(
  request: IncomingMessage,
  response: ServerResponse,
  { mode, image, isFirst, plainUrl, trapUrl }: FaultyDownload,
): Promise<void> {
  const whole = (): void => {
    response.writeHead(200, { ...png, 'content-length': String(image.length) }).end(image);
  };
  const redirect = (location: string): void => {
    response.writeHead(302, { location }).end();
  };
  const half = (headers: Record<string, string>): void => {
    response.writeHead(200, { ...png, ...headers });
    response.write(image.subarray(0, Math.ceil(image.length / 2)));
  };
  const breakOff = (): void => {
    half({ 'content-length': String(image.length) });
    setTimeout(() => request.socket.resetAndDestroy(), CUT_AFTER_MS).unref();
  };
  switch (mode) {
    case 'hang':
      return;
    case 'hang-mid-body':
      return half({ 'content-length': String(image.length) });
    case 'cut':
      return breakOff();
    case 'cut-once':
      return isFirst ? breakOff() : whole();
    case 'unavailable-once':
      if (!isFirst) return whole();
      response.writeHead(503).end();
      return;
    case 'gone':
      response.writeHead(404, { 'content-type': 'application/xml' }).end('<Error><Code>NoSuchKey</Code></Error>\n');
      return;
    case 'html': {
      const page = '<!doctype html><title>Not an image</title>';
      response.writeHead(200, { ...png, 'content-length': String(page.length) }).end(page);
      return;
    }
    case 'wrong-type':
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': String(image.length) }).end(image);
      return;
    case 'wrong-length':
      half({ 'content-length': String(image.length + 1000), connection: 'close' });
      request.socket.end();
      return;
    case 'no-length':
      // As HTTP/1.0: the end of the connection is the end of the image.
      request.socket.write('HTTP/1.1 200 OK\r\ncontent-type: image/png\r\nconnection: close\r\n\r\n');
      request.socket.end(image.subarray(0, Math.ceil(image.length / 2)));
      return;
    case 'wrong-checksum': {
      const md5 = createHash('md5').update('other bytes').digest('base64');
      response.writeHead(200, { ...png, 'content-length': String(image.length), 'content-md5': md5 }).end(image);
      return;
    }
    case 'compressed':
    case 'gzip-bomb': {
      gzipBomb ??= mode === 'gzip-bomb' ? bombOfMembers() : undefined;
      const packed = mode === 'compressed' ? gzipSync(image) : (gzipBomb ?? image);
      const headers = { ...png, 'content-encoding': 'gzip', 'content-length': String(packed.length) };
      response.writeHead(200, headers).end(packed);
      return;
    }
    case 'huge': {
      response.writeHead(200, png);
      response.write(image);
      const left = new AbortController();
      response.once('close', () => left.abort());
      const block = Buffer.alloc(64 * 1024);
      try {
        for (let sent = 0; sent < HUGE_BYTES; sent += block.length) {
          if (!response.write(block)) await once(response, 'drain', { signal: left.signal });
        }
        response.end();
      } catch (error) {
        if (!left.signal.aborted) throw error;
      }
      return;
    }
    case 'pixel-bomb':
      response.writeHead(200, { ...png, 'content-length': String(pixelBomb().length) }).end(pixelBomb());
      return;
    case 'redirect':
      return redirect(plainUrl);
    case 'redirect-loop':
      return redirect(request.url ?? '/');
    case 'redirect-metadata':
      return redirect('http://169.254.169.254/latest/meta-data/');
    case 'redirect-loopback':
      return redirect(trapUrl);
    case 'redirect-file':
      return redirect('file:///etc/passwd');
    default:
      return mode satisfies never;
  }
}
