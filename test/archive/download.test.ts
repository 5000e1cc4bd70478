import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createDownloader, type DownloaderOptions } from '../../src/archive/download.js';
import { DownloadError, imageAddress, meaningOfStatus } from '../../src/archive/download-rules.js';
import type { DownloadMode } from '../../src/emulator/downloads.js';
import { allowNothing, parseAllowList } from '../../src/providers/guarded-address.js';
import type { Emulator } from '../../src/testing.js';
import { query } from '../emulator/signed-call.js';
import { useEmulators } from '../emulator/use-emulator.js';
import { faultName } from '../support/fault-rows.js';

const start = useEmulators();
const stops: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

const { list: loopback } = parseAllowList('127.0.0.1');
const shortLimits = { headersMs: 500, stallMs: 500, totalMs: 5_000 };

function downloader(options: Partial<DownloaderOptions> = {}) {
  const made = createDownloader({ allow: loopback, maxBytes: 1_000_000, limits: shortLimits, ...options });
  stops.push(made.close);
  return made;
}

async function imageUrl(emulator: Emulator, script: string): Promise<string> {
  const taskId = emulator.addTask({ script });
  return (await query(emulator, taskId)).data.taskResult[0].taskResult.result.imageList[0].imageUrl;
}

const failure = async (download: Promise<Buffer>): Promise<DownloadError> => {
  const error = await download.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DownloadError);
  return error as DownloadError;
};

async function serve(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(answer as never);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a download', () => {
  const wrong: readonly [number, DownloadMode, string, boolean, RegExp][] = [
    [57, 'hang', 'Broken', true, /UND_ERR_HEADERS_TIMEOUT/],
    [57, 'hang-mid-body', 'Broken', true, /UND_ERR_BODY_TIMEOUT/],
    [57, 'cut', 'Broken', true, /ECONNRESET|UND_ERR_SOCKET/],
    [52, 'gone', 'Expired', false, /HTTP 404/],
    [57, 'wrong-length', 'Broken', true, /UND_ERR_RES_CONTENT_LENGTH_MISMATCH|UND_ERR_SOCKET/],
    [57, 'no-length', 'Broken', true, /does not say where the image ends/],
    [57, 'wrong-checksum', 'Broken', true, /content-md5/],
    [56, 'gzip-bomb', 'TooLarge', false, /more than 1000000 bytes/],
    [56, 'huge', 'TooLarge', false, /more than 1000000 bytes/],
    [57, 'redirect-loop', 'Broken', false, /more than 3 redirects/],
    [53, 'redirect-metadata', 'Forbidden', false, /169\.254\.169\.254 is an address that is not public/],
    [54, 'redirect-file', 'Forbidden', false, /begins with file:/],
  ];

  for (const [number, mode, code, isTransient, message] of wrong) {
    test(faultName(number, `a download that does "${mode}" fails as ${code}`), async () => {
      const emulator = await start({ distribution: { fixedSeconds: 0 } });
      const error = await failure(downloader().download(await imageUrl(emulator, `image-${mode}`)));
      expect(error).toMatchObject({ code, isTransient, message: expect.stringMatching(message) });
      // Signed URLs do not get into logs and histories by an error.
      expect(error.message).not.toMatch(/Signature|try_on/);
    });
  }

  test.each(['cut-once', 'unavailable-once'] as const)(
    faultName(57, 'one that does "%s" works the next time'),
    async (mode) => {
      const emulator = await start({ distribution: { fixedSeconds: 0 } });
      const [url, { download }] = [await imageUrl(emulator, `image-${mode}`), downloader()];
      expect(await failure(download(url))).toMatchObject({ code: 'Broken', isTransient: true });
      expect((await download(url)).subarray(1, 4).toString()).toBe('PNG');
    },
  );

  test.each(['redirect', 'wrong-type', 'compressed'] as const)('of an image that does "%s" works', async (mode) => {
    const emulator = await start({ distribution: { fixedSeconds: 0 } });
    const bytes = await downloader().download(await imageUrl(emulator, `image-${mode}`));
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  });

  test.each(['aws-chunked', '', 'identity', 'UTF-8'])(
    'is passed on where the server names the coding %j',
    async (coding) => {
      const url = await serve((_request, response) => {
        response.writeHead(200, { 'content-length': '2', 'content-encoding': coding }).end('ok');
      });
      expect(String(await downloader().download(`${url}/a.png`))).toBe('ok');
    },
  );

  test.each(['gzip', 'deflate', 'br'])(faultName(57, 'compressed data that are damaged, in %s'), async (coding) => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '2', 'content-encoding': coding }).end('ok');
    });
    expect(await failure(downloader().download(`${url}/a.png`))).toMatchObject({ code: 'Broken', isTransient: true });
  });

  test.each([
    ['a length that is far too large', { 'content-length': String(10 ** 12) }],
    ['no length, and bytes without end', {}],
  ])(faultName(56, 'with %s it is refused before it is read'), async (_name, headers) => {
    let sent = 0;
    const url = await serve((_request, response) => {
      response.writeHead(200, headers);
      const block = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (!response.destroyed && sent < 100_000_000) {
          sent += block.length;
          if (!response.write(block)) return;
        }
      };
      response.on('drain', more);
      more();
    });
    expect(await failure(downloader().download(`${url}/a.png`))).toMatchObject({
      code: 'TooLarge',
      isTransient: false,
    });
    expect(sent).toBeLessThan(50_000_000);
  });

  test(faultName(52, 'a download from it fails as Expired'), async () => {
    const emulator = await start({ distribution: { fixedSeconds: 0 } });
    expect(await failure(downloader().download(await imageUrl(emulator, 'expired-urls')))).toMatchObject({
      code: 'Expired',
      message: expect.stringContaining('HTTP 403'),
    });
  });

  test('ends at the limit for all of it, however slowly the bytes drip', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      const timer = setInterval(() => response.write('.'), 50);
      response.once('close', () => clearInterval(timer));
    });
    const limits = { ...shortLimits, totalMs: 400 };
    expect(await failure(downloader({ limits }).download(`${url}/a.png`))).toMatchObject({
      code: 'Broken',
      message: 'the image did not come within 0.4 s',
    });
  });

  test('that is cancelled rejects with the reason', async () => {
    const url = await serve(() => undefined);
    const abort = new AbortController();
    const download = downloader().download(`${url}/a.png`, abort.signal);
    abort.abort(new Error('stopped'));
    await expect(download).rejects.toThrow('stopped');
  });

  test('sends no cookie, no referrer and no authorization', async () => {
    let sent: Record<string, unknown> = {};
    const url = await serve((request, response) => {
      sent = request.headers;
      response.writeHead(200, { 'content-length': '2' }).end('ok');
    });
    await downloader().download(`${url}/a.png`);
    expect(Object.keys(sent).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
  });
});

describe('the guard', () => {
  test.each([
    'http://127.0.0.1/a.png',
    'http://2130706433/a.png',
    'http://0x7f.1/a.png',
    'http://[::1]/a.png',
    'http://[::ffff:127.0.0.1]/a.png',
    'http://[::127.0.0.1]/a.png',
    'http://[64:ff9b::7f00:1]/a.png',
    'http://[2002:7f00:1::]/a.png',
    'http://[fec0::1]/a.png',
    'http://[4000::1]/a.png',
    'http://168.63.129.16/machine',
    'http://10.1.2.3/a.png',
    'http://192.168.0.1/a.png',
    'http://169.254.169.254/latest',
    'http://[fd00::1]/a.png',
    'http://0.0.0.0/a.png',
    'http://100.64.0.1/a.png',
  ])(faultName(53, '%s is not let through'), async (url) => {
    expect(await failure(downloader({ allow: allowNothing }).download(url))).toMatchObject({ code: 'Forbidden' });
  });

  test(faultName(53, 'by a name that resolves to it'), async () => {
    const lookup = ((_name: string, _options: object, done: (error: null, found: object[]) => void) =>
      done(null, [{ address: '10.0.0.7', family: 4 }])) as unknown as NonNullable<DownloaderOptions['lookup']>;
    const { download } = downloader({ allow: allowNothing, lookup });
    expect(await failure(download('http://cdn.example/a.png'))).toMatchObject({
      code: 'Forbidden',
      message: 'cdn.example resolves to an address that is not public; see TRYON_ARCHIVE_ALLOW',
    });
  });

  test(
    faultName(
      53,
      'the address that was checked is the one connected to, although the name resolves to another one later',
    ),
    async () => {
      let asked = 0;
      const url = await serve((_request, response) => response.writeHead(200, { 'content-length': '2' }).end('ok'));
      const lookup = ((_name: string, _options: object, done: (error: null, found: object[]) => void) => {
        asked += 1;
        done(null, [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.7', family: 4 }]);
      }) as unknown as NonNullable<DownloaderOptions['lookup']>;
      const { download } = downloader({ lookup });
      expect(String(await download(url.replace('127.0.0.1', 'rebinding.example')))).toBe('ok');
      expect(asked).toBe(1);
    },
  );

  test(faultName(53, 'behind a redirect of a public name'), async () => {
    const emulator = await start({ distribution: { fixedSeconds: 0 } });
    const { list } = parseAllowList('public.example');
    const lookup = ((_name: string, _options: object, done: (error: null, found: object[]) => void) =>
      done(null, [{ address: '127.0.0.1', family: 4 }])) as unknown as NonNullable<DownloaderOptions['lookup']>;
    const url = (await imageUrl(emulator, 'image-redirect-loopback')).replace('127.0.0.1', 'public.example');
    expect(await failure(downloader({ allow: list, lookup }).download(url))).toMatchObject({ code: 'Forbidden' });
    expect(emulator.stats.trapped).toBe(0);
  });

  test.each([
    ['file:///etc/passwd', /begins with file:/],
    ['data:image/png;base64,AAAA', /begins with data:/],
    ['ftp://cdn.example/a.png', /begins with ftp:/],
    ['gopher://cdn.example/a', /begins with gopher:/],
    ['//cdn.example/a.png', /is not a URL/],
  ])(faultName(54, '%s is refused before anything is sent'), (url, message) => {
    expect(() => imageAddress(url, allowNothing)).toThrow(message);
  });

  test.each([
    ['http://user:secret@cdn.example/a.png', /has a user/],
    ['http://cdn.example:25/a.png', /has port 25/],
    ['http://cdn.example:22/a.png', /has port 22/],
  ])(faultName(55, '%s is refused before anything is sent'), (url, message) => {
    expect(() => imageAddress(url, allowNothing)).toThrow(message);
  });

  test(faultName(55, 'a host of mixed scripts is the name that is really asked'), () => {
    expect(imageAddress('https://exаmple.com/a.png', allowNothing).hostname).toBe('xn--exmple-4nf.com');
  });

  test('does not follow from https to http', () => {
    expect(() => imageAddress('http://b.example/', allowNothing, new URL('https://a.example/'))).toThrow(/not https/);
    expect(imageAddress('/b', allowNothing, new URL('https://a.example/')).href).toBe('https://a.example/b');
  });
});

test.each([
  ['body', 200],
  ['transient', 204],
  ['transient', 206],
  ['redirect', 302],
  ['transient', 304],
  ['expired', 400],
  ['expired', 403],
  ['expired', 404],
  ['transient', 408],
  ['expired', 410],
  ['transient', 429],
  ['transient', 500],
  ['transient', 503],
] as const)('it means %s: status %d', (meaning, status) => {
  expect(meaningOfStatus(status)).toBe(meaning);
});
