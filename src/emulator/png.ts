/** Draws the pictures that stand in for try-on images: a figure in a garment, its colours drawn from the image's id. Pure. */
import { crc32, deflateSync } from 'node:zlib';

/** The vendor's size for tops is 1024x768; the emulator keeps its 4:3 at an eighth. */
export const pictureSize = { width: 96, height: 128 } as const;

type Colour = readonly [red: number, green: number, blue: number];

/** Colour of a hue in [0, 1), with saturation 0.55; `light` in [0, 1]. */
function colourOf(hue: number, light: number): Colour {
  const part = (shift: number): number => {
    const k = (shift + hue * 12) % 12;
    const swing = 0.55 * Math.min(light, 1 - light);
    return Math.round(255 * (light - swing * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [part(0), part(8), part(4)];
}

/** What is at a point of the picture; `x` in [-1, 1], `y` in [0, 1] from the top. */
function partAt(x: number, y: number): 'head' | 'garment' | 'arm' | 'leg' | 'ground' {
  const side = Math.abs(x);
  if (side ** 2 * 0.56 + (y - 0.17) ** 2 < 0.0105) return 'head';
  if (y > 0.28 && y < 0.68 && side < 0.3 + Math.max(0, y - 0.42) * 0.75) return 'garment';
  if (y > 0.29 && y < 0.4 && side < 0.56 - (y - 0.29) * 0.3) return 'garment';
  if (y >= 0.4 && y < 0.6 && side > 0.4 && side < 0.53) return 'arm';
  if (y >= 0.68 && y < 0.95 && side > 0.08 && side < 0.26) return 'leg';
  return 'ground';
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/**
 * A valid PNG, 96x128, 8-bit RGB, a few kilobytes.
 * @param id - hex text, at least 8 characters; decides the colours
 */
export function drawPng(id: string): Buffer {
  const { width, height } = pictureSize;
  const byte = (at: number): number => Number.parseInt(id.slice(at, at + 2), 16) / 256 || 0;
  const [ground, garment, skin] = [byte(0), byte(2), byte(4)];
  const stripes = 2 + Math.floor(byte(6) * 5);
  const rows = Buffer.alloc(height * (width * 3 + 1));
  for (let row = 0, at = 0; row < height; row++) {
    rows[at++] = 0; // each line starts with its filter: none
    for (let column = 0; column < width; column++) {
      const y = row / height;
      const part = partAt((column / (width - 1)) * 2 - 1, y);
      const striped = Math.floor(y * 10 * stripes) % 2 === 0;
      const colour =
        part === 'ground'
          ? colourOf(ground, 0.8 + 0.12 * y)
          : part === 'garment'
            ? colourOf(garment, striped ? 0.45 : 0.55)
            : colourOf(0.05 + skin * 0.03, 0.4 + skin * 0.35);
      for (const value of colour) rows[at++] = value;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB, deflate, no filter method, not interlaced
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
