/** PUTs as many bytes as the archive does, by the same SDK, as fast as that goes; in a process of its own. */
import { createHash, randomBytes } from 'node:crypto';
import { loadS3 } from '../../src/archive/s3-api.js';

/** What it is told. */
export interface PlainPutsInput {
  readonly bucket: string;
  readonly prefix: string;
  readonly images: number;
  readonly bytes: number;
  readonly atOnce: number;
}

/** What it says at the end. */
export interface PlainPutsSays {
  readonly seconds: number;
}

const { bucket, prefix, images, bytes, atOnce } = JSON.parse(process.argv[2] ?? '{}') as PlainPutsInput;
const s3 = await loadS3(bucket, 'path');
const body = randomBytes(bytes);
const sha256 = createHash('sha256').update(body).digest('hex');
let next = 0;
process.stderr.write('plain puts run\n');
const startedMs = performance.now();
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    while (next < images) {
      const key = `${prefix}/${next++}.png`;
      const failure = await s3.put({ key, bytes: body, sha256, contentType: 'image/png', ifAbsent: true });
      if (failure !== undefined) throw new Error(failure.code);
    }
  }),
);
const says: PlainPutsSays = { seconds: (performance.now() - startedMs) / 1000 };
process.send?.(says);
s3.close();
process.disconnect?.();
