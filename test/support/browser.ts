/** Debian's Chromium for tests of the Temporal UI: a profile of its own, loopback only, screenshots where asked for. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
const images = fileURLToPath(new URL('../../docs/images', import.meta.url));

const viewport = { width: 1280, height: 900 };

/** What Chromium would do of its own accord is switched off. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser under test. */
export interface Browser {
  readonly page: Page;
  /** Addresses off the loopback interface that a page asked for; none was let through. */
  readonly strayRequests: readonly string[];
  /** Markup that a text of somebody else's brought into the page or a frame of it: what `selector` finds there. */
  found(selector: string): Promise<number>;
  /** Saves `docs/images/<name>.png` where `TRYON_SCREENSHOTS` is 1: the window. */
  shoot(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts it with an empty profile, which goes with it. */
export async function startBrowser(): Promise<Browser> {
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing; apt-get install chromium`);
  const profile = await mkdtemp(join(tmpdir(), 'tryon-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args,
    viewport,
    locale: 'en-GB',
    timezoneId: 'UTC',
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  const strayRequests: string[] = [];
  await context.route(
    ({ protocol, hostname }) => /^https?:$/.test(protocol) && !/^(?:127\.0\.0\.1|localhost)$/.test(hostname),
    async (route) => {
      strayRequests.push(route.request().url());
      await route.abort();
    },
  );
  const page = context.pages()[0] ?? (await context.newPage());
  return {
    page,
    strayRequests,
    async found(selector) {
      const counts = await Promise.all(page.frames().map((frame) => frame.locator(selector).count()));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async shoot(name) {
      if (process.env.TRYON_SCREENSHOTS !== '1') return;
      await page.screenshot({ path: join(images, `${name}.png`), animations: 'disabled' });
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** A proxy that knows people by a cookie, and sends a token of its own on for those. */
export async function startLoginProxy(options: {
  readonly target: string;
  readonly cookie: string;
  readonly token: string;
}): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { target, cookie, token } = options;
  const server = createServer((request, response) => {
    const isKnown = (request.headers.cookie ?? '').split('; ').includes(cookie);
    const headers = { ...request.headers, ...(isKnown ? { authorization: `Bearer ${token}` } : {}) };
    const onward = send(new URL(request.url ?? '/', target), { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
