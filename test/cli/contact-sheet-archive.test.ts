import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contactSheet, type Sheet } from '../../src/cli/contact-sheet.js';
import { readableArchives } from '../../src/cli/contact-sheet-reader.js';
import type { TryOnImage } from '../../src/contract.js';
import { anImage } from '../support/replies.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tryon-archived-'));
  await writeFile(join(folder, 'a.png'), 'x');
  await writeFile(join(folder, 'secret.txt'), 'x');
  await mkdir(join(folder, 'folder.png'));
  await symlink(join(folder, 'nothing'), join(folder, 'broken.png'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

const at = (name: string): string => pathToFileURL(join(folder, name)).href;
const archivedAt = (location: string, name = 'a'): TryOnImage => ({
  ...anImage(name),
  archived: { location, sha256: 'a'.repeat(64), bytes: 1, contentType: 'image/png' },
});
const sheetOf = (...images: TryOnImage[]): Sheet => ({
  state: 'finished',
  readAt: '2026-01-31T12:00:00.000Z',
  tasks: [{ taskId: 't-1', state: 'finished', images, subTasks: [], timeline: [], notes: [] }],
});
const pageOf = async (sheet: Sheet) => contactSheet(sheet, { readable: await readableArchives(sheet) });
const sources = (page: string): string[] =>
  [...page.matchAll(/ (data-src|src|href)="([^"]*)"/g)].map(([, name, url]) => `${name} ${url}`);
const policyOf = (page: string): string => /img-src ([^;]*)/.exec(page)?.[1] ?? '';

describe('archived images on a contact sheet', () => {
  test('show at once, from their files; others keep the URL of the vendor', async () => {
    const [own, other] = [archivedAt(at('a.png')), anImage('b')];
    const page = await pageOf(sheetOf(own, other));
    expect(sources(page)).toEqual([
      `href ${at('a.png')}`,
      `src ${at('a.png')}`,
      `href ${other.imageUrl}`,
      `data-src ${other.imageUrl}`,
    ]);
    expect(page).toContain('Load 1 image<');
    expect(policyOf(page)).toBe('http: https: file:');
  });

  test('in a bucket keep the URL of the vendor, with a note', async () => {
    const image = archivedAt('s3://shop/images/t-1/a.png');
    const page = await pageOf(sheetOf(image));
    expect(sources(page)).toEqual([`href ${image.imageUrl}`, `data-src ${image.imageUrl}`]);
    expect(page).toContain('archived, but not readable here');
    expect(page).toContain('<code>s3://shop/images/t-1/a.png</code>');
    expect(policyOf(page)).toBe('http: https:');
  });

  test('that could not be archived say why', async () => {
    const archiveError = { layer: 'archive', code: 'Expired', message: '<b>gone</b>' } as const;
    const page = await pageOf(sheetOf({ ...anImage('a'), archiveError }));
    expect(page).toContain('not archived: Expired: &lt;b&gt;gone&lt;/b&gt;');
  });

  test('without a caller that names what it can read show no file', () => {
    expect(contactSheet(sheetOf(archivedAt(at('a.png'))))).not.toMatch(/(src|href)="file:/);
  });

  // What a location says is from outside.
  test.each<[string, () => string]>([
    ['a script', () => 'javascript:alert(1)//.png'],
    ['data', () => 'data:image/png;base64,AAAA'],
    ['the web', () => 'https://evil.example/a.png'],
    ['a share of another host', () => 'file://evil.example/share/a.png'],
    ['a file that is not there', () => at('gone.png')],
    ['a link to nothing', () => at('broken.png')],
    ['a folder', () => at('folder.png')],
    ['a file that is no image', () => at('secret.txt')],
    ['a file with a query', () => `${at('a.png')}?x=.png`],
    ['a device', () => 'file:///dev/null#.png'],
    ['an encoded slash', () => `${at('')}x%2Fa.png`],
    ['a zero byte', () => `${at('')}a%00.png`],
    ['markup', () => `file:///"><img src=x onerror=alert(1)>.png`],
    ['no URL', () => '../a.png'],
  ])('%s is not used', async (_name, location) => {
    const image = archivedAt(location());
    const page = await pageOf(sheetOf(image));
    expect(sources(page)).toEqual([`href ${image.imageUrl}`, `data-src ${image.imageUrl}`]);
    expect(page).not.toContain('<img src=x');
  });
});
