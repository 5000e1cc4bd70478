/** PNG images that stand in for try-on images: six bands of colour, taken from the image's id. Pure. */
import { randomBytes } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

/** In pixels: an eighth of the vendor's size for tops, 4:3. */
export const imageSize = { width: 96, height: 128 } as const;

let noise: Buffer = Buffer.alloc(0);

function chunk(type: string, data: Buffer): Buffer {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, -4)), data.length + 8);
  return out;
}

/**
 * A valid PNG, 96x128, 8-bit RGB, under a kilobyte. Each id has its own bytes.
 * @param id - 32 hex digits: five colours and a grey
 * @param minBytes - a larger one has a chunk of noise, which decoders skip
 */
export function pngOf(id: string, minBytes = 0): Buffer {
  const { width, height } = imageSize;
  const colours = Buffer.from(id, 'hex');
  const rows = Array.from({ length: height }, (_, row) => {
    const band = 3 * Math.floor((6 * row) / height);
    const line = Buffer.alloc(1 + 3 * width); // begins with the filter byte: 0, none
    return line.fill(colours.subarray(band, band + 3), 1);
  });
  const png = pngWith({ width, height, bitDepth: 8, colourType: 2 }, deflateSync(Buffer.concat(rows)));
  if (minBytes <= png.length) return png;
  const end = png.length - 12;
  // The same one each time: its checksum would cost more than all else.
  if (noise.length !== minBytes + 12) noise = chunk('noIs', randomBytes(minBytes));
  return Buffer.concat([png.subarray(0, end), noise, png.subarray(end)]);
}

/**
 * A PNG of compressed rows; nothing is checked.
 * @param rows - each begins with its filter byte; all of them deflated
 */
export function pngWith(
  size: { readonly width: number; readonly height: number; readonly bitDepth: number; readonly colourType: number },
  rows: Buffer,
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size.width, 0);
  header.writeUInt32BE(size.height, 4);
  header.set([size.bitDepth, size.colourType, 0, 0, 0], 8); // deflate, filter method 0, not interlaced
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
