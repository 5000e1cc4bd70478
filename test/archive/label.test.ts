import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digitalSourceType, loadRenderer } from '../../src/archive/renditions.js';
import { pngOf } from '../../src/emulator/png.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tryon-label-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

test.each(['webp', 'jpeg', 'png', 'avif'] as const)(
  'exiftool reads the AI label of a rendition in %s',
  async (format) => {
    const render = await loadRenderer();
    const { bytes, extension } = await render(pngOf('00112233445566778899aabbccddeeff'), { format, size: 64 });
    const file = join(folder, `a.${extension}`);
    await writeFile(file, bytes);
    const { stdout } = await promisify(execFile)('exiftool', ['-j', '-n', '-XMP-iptcExt:all', '-ImageSize', file]);
    expect(JSON.parse(stdout)).toMatchObject([{ DigitalSourceType: digitalSourceType, ImageSize: '48 64' }]);
  },
);
