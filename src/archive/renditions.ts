/** Smaller copies of an image, labelled as made by AI. `sharp` decodes and encodes; it is an optional package. */
import type Sharp from 'sharp';
import { maxPixels } from './limits.js';
import { type RenditionSpec, renditionFormats } from './rendition-spec.js';
import { Semaphore } from './semaphore.js';
import { StoreError } from './store.js';

/** One copy. */
export interface Rendition extends RenditionSpec {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly extension: string;
  readonly width: number;
  readonly height: number;
}

/**
 * IPTC's word for an image of which a part was made by a trained model: the garment is a photo. Google Merchant Center asks for this label.
 * @see https://cv.iptc.org/newscodes/digitalsourcetype/
 */
export const digitalSourceType = 'http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia';

const xmp = `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <Iptc4xmpExt:DigitalSourceType>${digitalSourceType}</Iptc4xmpExt:DigitalSourceType>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>`;

/** Renditions made at a time: the pixels of a large image fill far more memory than its bytes. */
const AT_ONCE = 2;
/** No image of an allowed size takes as long. */
const RENDER_SECONDS = 60;

/** White, where a format without transparency gets an image that has it. */
const background = '#ffffff';

/** See {@link loadRenderer}. */
export type Renderer = (original: Buffer, spec: RenditionSpec) => Promise<Rendition>;

/**
 * Loads `sharp`. The renderer turns an image upright by its EXIF orientation, converts it to sRGB by its colour profile, makes it smaller where
 * it is larger than the rendition, and writes the label. It rejects for what is no image, and for more pixels than {@link maxPixels}.
 * @throws {StoreError} if the package is not installed
 */
export async function loadRenderer(): Promise<Renderer> {
  const { default: sharp }: { default: typeof Sharp } = await import('sharp').catch((error: unknown) => {
    throw new StoreError('TRYON_RENDITIONS needs a package that is not installed; run npm install sharp', {
      cause: error,
    });
  });
  // Images are not seen twice, and the worker's memory is for waits.
  sharp.cache(false);
  const slots = new Semaphore(AT_ONCE);
  const render: Renderer = async (original, { format, size }) => {
    const upright = sharp(original, { limitInputPixels: maxPixels, failOn: 'error' })
      .autoOrient()
      .resize({ width: size, height: size, fit: 'inside', withoutEnlargement: true });
    const opaque = format === 'jpeg' ? upright.flatten({ background }) : upright;
    const { data, info } = await opaque
      .withIccProfile('srgb')
      .withXmp(xmp)
      .toFormat(format)
      .timeout({ seconds: RENDER_SECONDS })
      .toBuffer({ resolveWithObject: true });
    return { format, size, bytes: data, width: info.width, height: info.height, ...renditionFormats[format] };
  };
  return async (original, spec) => await slots.use(() => render(original, spec));
}
