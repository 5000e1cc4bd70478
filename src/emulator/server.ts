/** The emulated vendors as one HTTP server on the loopback interface. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../defined.js';
import { type EmulatedAccount, vendorOf } from './accounts.js';
import { sendFaulty } from './downloads.js';
import type { Emulator, EmulatorStats } from './emulator.js';
import { faceOf } from './faces/faces.js';
import { hasTooManyFields, readMultipart } from './form.js';
import { checkDownload, defaultImageTtlSeconds } from './images.js';
import type { EmulatorOptions } from './options.js';
import { pngOf } from './png.js';
import { EmulatedVendor } from './vendor.js';
import { send } from './wire.js';

/** Longest request body. A guess: the vendor states no limit. */
const maxRequestBytes = 1024 * 1024;

async function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server.address() as AddressInfo;
}

/** Ends a server and its connections; resolves when all are closed. */
async function stop(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  if (!server.listening) return;
  const socketsClosed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  const serverClosed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await Promise.all([serverClosed, ...socketsClosed]);
}

/** The body, or `undefined` if it is too long. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Else the end of the loop closes the connection, before the refusal is sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxRequestBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const originOf = (host: string, port: number): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/**
 * Starts an emulator of all vendors: their calls and the images.
 * @throws RangeError for a script that cannot be compiled; the error of `listen`, such as `EADDRINUSE`
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { host = '127.0.0.1', nowMs = Date.now, latencyMs = 0 } = options;
  let skewMs = options.clockSkewMs ?? 0;
  const ttlSeconds = options.imageTtlSeconds ?? defaultImageTtlSeconds;
  const seed = options.seed ?? 1;
  const vendor = new EmulatedVendor(options, { baseUrl: '', seed, ttlSeconds });
  const closing = new AbortController();
  const deadSockets = new WeakSet<Socket>();
  const counts = {
    images: 0,
    connections: 0,
    inFlight: 0,
    peakInFlight: 0,
    trapped: 0,
    looped: 0,
    onDeadConnections: 0,
  };
  const sockets = new Set<Socket>();
  let rotations = 0;

  const faultyTargets = new Set<string>();

  const sendImage = async (request: IncomingMessage, response: ServerResponse, atMs: number): Promise<void> => {
    counts.images += 1;
    const target = request.url ?? '';
    const download = checkDownload(vendor.store, target, atMs);
    if (download.ok) {
      const png = pngOf(download.id, options.imageBytes);
      const { mode, plainUrl } = download;
      if (mode !== undefined) {
        const isFirst = !faultyTargets.has(target);
        faultyTargets.add(target);
        return await sendFaulty(request, response, { mode, image: png, isFirst, plainUrl, trapUrl: vendor.trapUrl });
      }
      response.writeHead(200, { 'content-type': 'image/png', 'content-length': String(png.length) });
      response.end(request.method === 'HEAD' ? undefined : png);
      return;
    }
    const status = download.code === 'NoSuchKey' ? 404 : 403;
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${download.code}</Code></Error>\n`);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (deadSockets.has(request.socket)) {
      counts.onDeadConnections += 1;
      request.socket.destroy();
      return;
    }
    const target = request.url ?? '/';
    const body = await bodyOf(request);
    const atMs = (await nowMs()) + skewMs;
    response.sendDate = false;
    response.setHeader('date', new Date(atMs).toUTCString());
    if (target.startsWith('/images/')) {
      return await sendImage(request, response, atMs);
    }
    const hop = /^\/redirect-loop\/(\d+)$/.exec(target)?.[1];
    if (hop !== undefined) {
      counts.looped += 1;
      response.writeHead(307, { location: `/redirect-loop/${Number(hop) + 1}` }).end();
      return;
    }
    if (body === undefined || hasTooManyFields(request.headers, body)) {
      response.writeHead(413, { connection: 'close' }).end();
      return;
    }
    const { method = '', headers } = request;
    const multipart = await readMultipart(headers, body);
    const answer = vendor.answer(defined({ method, target, headers, body: body.toString('utf8'), multipart }), atMs);
    if (latencyMs > 0) await sleep(latencyMs, undefined, { signal: closing.signal });
    await send(request, response, answer, deadSockets);
  };

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    counts.inFlight += 1;
    counts.peakInFlight = Math.max(counts.peakInFlight, counts.inFlight);
    response.once('close', () => {
      counts.inFlight -= 1;
    });
    handle(request, response).catch((error: unknown) => {
      request.socket.destroy();
      // No error if the caller has left or the emulator closes.
      if (!closing.signal.aborted && !request.destroyed) options.log?.(`error: ${String(error)}`);
    });
  };

  const server = createServer({ keepAliveTimeout: 65_000 }, serve);
  server.on('connection', (socket) => {
    counts.connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  /** The target of `trap` redirects. Its answer makes a client that follows them believe that the task is finished. */
  const trap = createServer((request, response) => {
    counts.trapped += 1;
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"code":"0","success":"true","resCode":"200","data":{"taskStatus":"finished","taskResult":[]}}');
  });
  const { port } = await listen(server, options.port ?? 0, host);
  const url = originOf(host, port);
  try {
    vendor.trapUrl = originOf(host, (await listen(trap, 0, host)).port);
  } catch (error) {
    await stop(server, sockets);
    throw error;
  }
  vendor.store = { baseUrl: url, seed, ttlSeconds };
  /** The first account of Aidge, else the first. */
  const firstAccount = (): EmulatedAccount =>
    (vendor.accounts.find((account) => vendorOf(account) === 'aidge') ?? vendor.accounts[0]) as EmulatedAccount;

  return {
    url,
    port,
    get appKey() {
      return firstAccount().appKey ?? '';
    },
    get appSecret() {
      return firstAccount().appSecret ?? '';
    },
    get accounts() {
      return [...vendor.accounts];
    },
    queries: vendor.queries.entries,
    submits: vendor.submits.entries,
    cancels: vendor.cancels.entries,
    ends: vendor.ends,
    get stats(): EmulatorStats {
      return {
        ...counts,
        queries: vendor.queries.count,
        submits: vendor.submits.count,
        unauthorised: vendor.unauthorised,
        openConnections: sockets.size,
      };
    },
    onQuery: (listener) => vendor.onQuery.listen(listener),
    onSubmit: (listener) => vendor.onSubmit.listen(listener),
    onCancel: (listener) => vendor.onCancel.listen(listener),
    onEnd: (listener) => vendor.onEnd.listen(listener),
    waitForQuery: (taskId, nth = 1) =>
      vendor.onQuery.wait(vendor.queries.entries, (entry) => entry.taskId === taskId && entry.poll === nth),
    waitForAny: (matches) => vendor.onQuery.wait(vendor.queries.entries, matches),
    waitForEnd: (taskId) => vendor.onEnd.wait(vendor.ends, (event) => event.taskId === taskId),
    addTask: (task = {}) => {
      const { api = 'tryon', script, taskId, durationSeconds } = task;
      const { usual = { subTasks: 2, images: 4 } } = faceOf(api);
      const subTasks = task.subTasks ?? options.subTasks ?? usual.subTasks;
      const imageCount = task.imagesPerSubTask ?? options.imagesPerSubTask ?? usual.images;
      const clock = task.submittedAtMs ?? nowMs();
      if (typeof clock !== 'number') {
        throw new TypeError('submittedAtMs is missing; the clock of this emulator is asynchronous');
      }
      const plan = {
        ...defined({ taskId, durationSeconds }),
        api,
        submittedAtMs: task.submittedAtMs ?? clock + skewMs,
        subTasks: Array.from({ length: subTasks }, () => ({ imageCount })),
      };
      return vendor.tasks.add(plan, script, task.account).taskId;
    },
    task: (taskId) => {
      const record = vendor.tasks.get(taskId);
      if (record === undefined) return undefined;
      const { model, endServedAtMs } = record;
      return { ...model, polls: vendor.tasks.pollsOf(taskId), ...defined({ endServedAtMs }) };
    },
    script: (taskId, script) => vendor.tasks.setScript(taskId, script),
    scriptSubmits: (script) => vendor.scriptSubmits(script),
    outage: async (script) => {
      vendor.outage(script === 'refuse' ? undefined : script);
      if (script === 'refuse') await stop(server, sockets);
      else if (!server.listening) await listen(server, port, host);
    },
    setAccount: (nameOrKey, change) => {
      vendor.setAccount(nameOrKey, change);
    },
    rotateKey: (nameOrKey = firstAccount().name) => {
      rotations += 1;
      const { appKey = '', appSecret = '', ...keys } = vendor.rotateKey(nameOrKey, rotations);
      return { appKey, appSecret, ...keys };
    },
    setClockSkewMs: (ms) => {
      skewMs = ms;
    },
    close: async () => {
      closing.abort();
      vendor.onQuery.close();
      vendor.onSubmit.close();
      vendor.onCancel.close();
      vendor.onEnd.close();
      await Promise.all([stop(server, sockets), stop(trap, new Set())]);
    },
  };
}
