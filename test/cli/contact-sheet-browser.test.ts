import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { contactSheet, type Sheet, type SheetTask } from '../../src/cli/contact-sheet.js';
import { type Browser, startBrowser } from '../support/browser.js';
import { anImage } from '../support/replies.js';

/** The paths that the page has loaded from the image server. */
const asked: (string | undefined)[] = [];
const server = createServer((request, response) => {
  asked.push(request.url);
  if (request.url !== '/a') return response.writeHead(404).end();
  response.setHeader('content-type', 'image/svg+xml');
  return response.end('<svg xmlns="http://www.w3.org/2000/svg" width="96" height="128"/>');
});
let browser: Browser;
let folder: string;
let base: string;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await startBrowser();
  folder = await mkdtemp(join(tmpdir(), 'tryon-sheet-'));
});
beforeEach(() => {
  asked.length = 0;
});
afterAll(async () => {
  await browser.close();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const attack = '"><script>document.title="taken"</script><img src=/x onerror=document.title="taken">';
const sheet = (): Sheet => ({
  state: 'finished',
  readAt: '2026-01-31T12:00:00.000Z',
  tasks: [
    {
      taskId: 't-1',
      garmentId: attack,
      state: 'finished',
      images: [`${base}/a`, `${base}/gone`, 'javascript:document.title="taken"'].map((imageUrl, k) => ({
        ...anImage(String(k)),
        imageUrl,
        clothes: attack,
      })),
      subTasks: [{ index: 0, status: 'finished', imageCount: 3, vendorStatus: attack }],
      timeline: [{ at: '2026-01-31T12:00:00.000Z', text: attack, kind: 'poll' }],
      notes: [attack],
    },
  ],
});

async function open(loadImages: boolean) {
  const { page } = browser;
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  const file = join(folder, `sheet-${loadImages}.html`);
  await writeFile(file, contactSheet(sheet(), { loadImages }));
  await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
  return { page, sizes: page.locator('.size'), said };
}

test('a sheet opened from disk loads nothing until its button is pressed, then shows each size', async () => {
  const { page, sizes, said } = await open(false);
  expect(await page.title()).toBe('Task t-1');
  expect(await page.locator('h2').textContent()).toContain(attack);
  expect(asked).toEqual([]);
  // A browser draws an image without a URL as a broken one.
  const isShown = async () => Promise.all((await page.locator('img').all()).map((one) => one.isVisible()));
  expect(await isShown()).toEqual([false, false]);
  await page.getByRole('button', { name: 'Load 2 images' }).click();
  await expect.poll(() => sizes.allTextContents()).toEqual(['96 × 128 px', 'could not be loaded', '']);
  expect(await isShown()).toEqual([true, true]);
  expect(asked.sort()).toEqual(['/a', '/gone']);
  // No text of the vendor has run as a script, and the policy has blocked nothing.
  expect(await page.title()).toBe('Task t-1');
  expect(said.filter((text) => /Content Security Policy/.test(text))).toEqual([]);
  expect(await page.locator('a[href^="javascript"]').count()).toBe(0);
  expect(browser.strayRequests).toEqual([]);
});

test('a sheet made with --load-images loads its images when it is opened', async () => {
  const { page, sizes } = await open(true);
  await expect.poll(() => sizes.allTextContents()).toEqual(['96 × 128 px', 'could not be loaded', '']);
  expect(await page.locator('button').count()).toBe(0);
});

test('a sheet shows archived images from their files, where the URLs have died', async () => {
  const { page } = browser;
  const picture = pathToFileURL(join(folder, 'archived image.svg')).href;
  await writeFile(new URL(picture), '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="40"/>');
  const archived = { location: picture, sha256: '', bytes: 1, contentType: 'image/svg+xml' };
  const [task] = sheet().tasks;
  const images = [{ ...anImage('a'), imageUrl: `${base}/gone`, archived }];
  const file = join(folder, 'archived.html');
  await writeFile(
    file,
    contactSheet({ ...sheet(), tasks: [{ ...(task as SheetTask), images }] }, { loadImages: true }),
  );
  await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
  await expect.poll(() => page.locator('.size').allTextContents()).toEqual(['30 × 40 px']);
  expect(asked).toEqual([]);
});
