/** The setting `TRYON_RENDITIONS`. Pure. */

/** Formats of renditions: media type and extension of each. */
export const renditionFormats = {
  webp: { contentType: 'image/webp', extension: 'webp' },
  jpeg: { contentType: 'image/jpeg', extension: 'jpg' },
  avif: { contentType: 'image/avif', extension: 'avif' },
  png: { contentType: 'image/png', extension: 'png' },
} as const;

/** A smaller copy of each image. */
export interface RenditionSpec {
  readonly format: keyof typeof renditionFormats;
  /** Longest side in pixels. */
  readonly size: number;
}

const MAX_RENDITIONS = 5;
const MAX_SIZE = 8_192;

/**
 * Reads renditions, such as `webp:1024,jpeg:2048`.
 * @returns the list without repeats, and a line per problem with its remedy
 */
export function parseRenditions(text: string): {
  readonly renditions: readonly RenditionSpec[];
  readonly problems: readonly string[];
} {
  const renditions = new Map<string, RenditionSpec>();
  const problems: string[] = [];
  for (const entry of text.split(',').map((one) => one.trim().toLowerCase())) {
    if (entry === '') continue;
    const [format = '', digits = ''] = entry.split(':');
    const size = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
    if (Object.hasOwn(renditionFormats, format) && size >= 16 && size <= MAX_SIZE && entry === `${format}:${digits}`) {
      renditions.set(entry, { format: format as RenditionSpec['format'], size });
    } else {
      const formats = Object.keys(renditionFormats).join(', ');
      problems.push(
        `TRYON_RENDITIONS has "${entry}"; give a format (${formats}), a colon and 16 to ${MAX_SIZE} pixels`,
      );
    }
  }
  if (renditions.size > MAX_RENDITIONS)
    problems.push(`TRYON_RENDITIONS has ${renditions.size} renditions; give at most ${MAX_RENDITIONS}`);
  return { renditions: [...renditions.values()], problems };
}
