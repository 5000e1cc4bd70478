/** What bytes are, by the bytes: nothing that a server says of them counts. */
import { fileTypeFromBuffer } from 'file-type';
import { disableTypes, imageSize } from 'image-size';

/** Images that are archived, by their media type, with the extension of their keys. */
export const imageTypes: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/apng': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/avif': 'avif',
  'image/heic': 'heic',
  'image/bmp': 'bmp',
  'image/tiff': 'tiff',
};

/** As many bytes as tell a type. */
const SAMPLE_BYTES = 4_100;

/** Types whose size is read from a header of fixed form: the parsers of the others are left alone with bytes from outside. */
const measured = ['image/jpeg', 'image/png', 'image/apng', 'image/webp', 'image/gif', 'image/bmp'];
disableTypes([
  'cur',
  'dds',
  'heif',
  'icns',
  'ico',
  'j2c',
  'jp2',
  'jxl',
  'jxl-stream',
  'ktx',
  'pnm',
  'psd',
  'svg',
  'tga',
  'tiff',
]);

/** What bytes are. Sizes are absent where the header does not say; they are as stored, before any rotation. */
export interface Content {
  readonly contentType: string;
  readonly extension: string;
  readonly width?: number;
  readonly height?: number;
}

/** Reads the type and the size of an image. `undefined`: no image, or of a type that is not archived. Decodes nothing. */
export async function contentOf(bytes: Uint8Array): Promise<Content | undefined> {
  const type = await fileTypeFromBuffer(bytes.subarray(0, SAMPLE_BYTES)).catch(() => undefined);
  const contentType = type?.mime ?? '';
  const extension = Object.hasOwn(imageTypes, contentType) ? imageTypes[contentType] : undefined;
  if (extension === undefined) return undefined;
  return { contentType, extension, ...(measured.includes(contentType) ? sizeOf(bytes) : {}) };
}

function sizeOf(bytes: Uint8Array): { readonly width?: number; readonly height?: number } {
  try {
    const { width, height } = imageSize(bytes);
    return width > 0 && height > 0 ? { width, height } : {};
  } catch {
    return {};
  }
}
