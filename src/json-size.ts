/** Sizes of JSON on the wire, and numbers that it cannot carry to everybody; without Node's `Buffer`: payload limits count bytes, not characters. */

/** UTF-8 bytes of a text. A lone surrogate counts 3, as encoders replace it. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && text.charCodeAt(index + 1) >> 10 === 0x37) {
      bytes += 4;
      index += 1;
    } else bytes += 3;
  }
  return bytes;
}

/** Bytes of a value as JSON. */
export const jsonBytes = (value: unknown): number => utf8Bytes(JSON.stringify(value) ?? '');

/**
 * Whether a JSON value has an integer beyond 2^53. Temporal's converters, like all readers that use doubles, have rounded it before
 * anybody sees it.
 */
export function hasUnsafeInteger(value: unknown): boolean {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === 'number' && Number.isInteger(next) && !Number.isSafeInteger(next)) return true;
    if (typeof next === 'object' && next !== null) for (const inner of Object.values(next)) open.push(inner);
  }
  return false;
}

/**
 * As many items, from the first, as fit into `maxBytes` of JSON.
 * @returns the items that fit and how many were left out
 */
export function takeFitting<T>(
  items: readonly T[],
  maxBytes: number,
): { readonly fitting: readonly T[]; readonly omitted: number } {
  let bytes = 2;
  for (const [index, item] of items.entries()) {
    bytes += jsonBytes(item) + 1;
    if (bytes > maxBytes) return { fitting: items.slice(0, index), omitted: items.length - index };
  }
  return { fitting: items, omitted: 0 };
}

/** `,"imagesOmitted":` and a number. */
const OMITTED_BYTES = 32;

/** `whole` with as many of the images as keep it within `maxBytes` of JSON, and how many more there are. `whole.images` is empty. */
export function withImages<I, T extends { images: I[] }>(
  whole: T,
  images: readonly I[],
  maxBytes: number,
): T & { imagesOmitted?: number } {
  const { fitting, omitted } = takeFitting(images, maxBytes - OMITTED_BYTES - jsonBytes(whole));
  return { ...whole, images: [...fitting], ...(omitted > 0 ? { imagesOmitted: omitted } : {}) };
}

/** Cuts a list into runs of at most `maxBytes` of JSON each; an item larger than that is a run of its own. */
export function chunks<T>(items: readonly T[], maxBytes: number): T[][] {
  const runs: T[][] = [];
  let run: T[] = [];
  let bytes = 2;
  for (const item of items) {
    const size = jsonBytes(item) + 1;
    if (run.length > 0 && bytes + size > maxBytes) {
      runs.push(run);
      run = [];
      bytes = 2;
    }
    run.push(item);
    bytes += size;
  }
  if (run.length > 0) runs.push(run);
  return runs;
}
