/**
 * Downloads an image from an address that somebody else chose: only from public hosts, over the very address that was checked, within limits
 * of time and size.
 */
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { type AllowList, checkHost, forbiddenAddressIn, guardedLookup } from '../providers/guarded-address.js';
import { transportError } from '../providers/transport-errors.js';
import { checkBody, DownloadError, imageAddress, meaningOfStatus } from './download-rules.js';

/** Limits of one download. */
export const downloadLimits = {
  redirects: 3,
  connectMs: 10_000,
  headersMs: 30_000,
  /** Between two pieces of the body. */
  stallMs: 15_000,
  /** All of it. */
  totalMs: 120_000,
} as const;

/** See {@link createDownloader}. */
export interface Downloader {
  /**
   * Gives the bytes of an image.
   * @throws {DownloadError}; the signal's reason
   */
  download(imageUrl: string, signal?: AbortSignal): Promise<Buffer>;
  /** Ends the connections. */
  close(): Promise<void>;
}

/** Options of {@link createDownloader}. */
export interface DownloaderOptions {
  readonly allow: AllowList;
  readonly maxBytes: number;
  /** Resolves names; default: the system's. */
  readonly lookup?: Parameters<typeof guardedLookup>[1];
  readonly limits?: Partial<Record<keyof typeof downloadLimits, number>>;
}

/** Makes the downloader of this process. No connection is opened before the first download. */
export function createDownloader({ allow, maxBytes, lookup, limits: given }: DownloaderOptions): Downloader {
  const limits = { ...downloadLimits, ...given };
  const agent = new Agent({
    // `rejectUnauthorized` is explicit, since NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise turn the check off.
    connect: buildConnector({
      timeout: limits.connectMs,
      rejectUnauthorized: true,
      lookup: guardedLookup(allow, lookup),
    }),
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: 4_000,
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.stallMs,
  });

  async function get(url: URL, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    // Sockets resolve only names, so an address in the URL is checked here.
    checkHost(url.hostname, allow);
    return await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'temporal-tryon' },
      signal,
    });
  }

  async function follow(imageUrl: string, signal: AbortSignal): Promise<Buffer> {
    let url = imageAddress(imageUrl, allow);
    for (let hops = 0; hops <= limits.redirects; hops += 1) {
      const { statusCode, headers, body } = await get(url, signal);
      const header = (name: string): string | undefined => {
        const value = headers[name];
        return Array.isArray(value) ? value[0] : value;
      };
      const meaning = meaningOfStatus(statusCode);
      if (meaning === 'body') return await read(body, header, maxBytes);
      body.on('error', () => undefined).destroy();
      if (meaning === 'expired') throw new DownloadError('Expired', `HTTP ${statusCode} from ${url.host}`);
      if (meaning === 'transient') throw new DownloadError('Broken', `HTTP ${statusCode} from ${url.host}`, true);
      url = imageAddress(header('location') ?? '', allow, url);
    }
    throw new DownloadError('Broken', `more than ${limits.redirects} redirects`);
  }

  return {
    async download(imageUrl, signal) {
      const deadline = AbortSignal.timeout(limits.totalMs);
      try {
        return await follow(imageUrl, signal === undefined ? deadline : AbortSignal.any([deadline, signal]));
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof DownloadError) throw error;
        if (deadline.aborted) {
          throw new DownloadError('Broken', `the image did not come within ${limits.totalMs / 1000} s`, true);
        }
        const refused = forbiddenAddressIn(error);
        if (refused !== undefined) throw new DownloadError('Forbidden', `${refused.message}; see TRYON_ARCHIVE_ALLOW`);
        throw new DownloadError('Broken', `the download failed (${transportError(error).cause})`, true);
      }
    },
    close: () => agent.destroy(),
  };
}

/** Room for a body of unknown length, at first. */
const FIRST_BYTES = 256 * 1024;

/** Reads a body into one buffer, of the length that a header says, or growing. Pieces are copied at once: kept until the end they would age, and cost
 * far more to collect. */
async function read(body: Readable, header: (name: string) => string | undefined, maxBytes: number): Promise<Buffer> {
  const tooLarge = () => new DownloadError('TooLarge', `the image has more than ${maxBytes} bytes`);
  try {
    if (Number(header('content-length')) > maxBytes) throw tooLarge();
    if (header('content-length') === undefined && header('transfer-encoding') === undefined) {
      throw new DownloadError('Broken', 'the server does not say where the image ends', true);
    }
    let buffer = Buffer.allocUnsafeSlow(Number(header('content-length') ?? FIRST_BYTES));
    let length = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const end = length + chunk.length;
      if (end > maxBytes) throw tooLarge();
      if (end > buffer.length) {
        const larger = Buffer.allocUnsafeSlow(Math.min(maxBytes, Math.max(end, 2 * buffer.length)));
        buffer.copy(larger, 0, 0, length);
        buffer = larger;
      }
      chunk.copy(buffer, length);
      length = end;
    }
    const bytes = buffer.subarray(0, length);
    checkBody(bytes, header);
    return await decoded(bytes, header('content-encoding') ?? '', maxBytes);
  } finally {
    body.on('error', () => undefined).destroy();
  }
}

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * Undoes a compression that the server applied although nobody asked for it, within the limit of size. Other codings leave the bytes as they
 * are: object stores name some, such as `aws-chunked`, that the body does not have, and the bytes show whether they are an image.
 */
async function decoded(bytes: Buffer, coding: string, maxBytes: number): Promise<Buffer> {
  const name = coding.trim().toLowerCase();
  if (!Object.hasOwn(decoders, name)) return bytes;
  try {
    return await decoders[name as keyof typeof decoders](bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new DownloadError('TooLarge', `the image has more than ${maxBytes} bytes`);
    }
    throw new DownloadError('Broken', `the ${name} data of the image are damaged`, true);
  }
}
