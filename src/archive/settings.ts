/** The archive's settings, read from environment variables. */
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AllowList, parseAllowList } from '../providers/guarded-address.js';
import { defaultMaxBytes, largestMaxBytes } from './limits.js';
import { parseRenditions, type RenditionSpec } from './rendition-spec.js';

/** Where images are archived. */
export type StorePlace =
  | { readonly kind: 'file'; readonly folder: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Without slashes at its ends; may be empty. */
      readonly prefix: string;
      readonly style?: 'path' | 'virtual';
    };

/** Settings of the archive. */
export interface ArchiveSettings {
  readonly place: StorePlace;
  /** Private hosts and addresses that images may come from. */
  readonly allow: AllowList;
  readonly maxBytes: number;
  readonly renditions: readonly RenditionSpec[];
}

const bucketForm = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/;
const prefixForm = /^[\w.!*'() /-]{0,500}$/;

/** Reads `TRYON_ARCHIVE`. The problem has no value: somebody may have written keys into it. */
export function parseStorePlace(text: string): StorePlace | { readonly problem: string } {
  const problem = (what: string) => ({
    problem: `TRYON_ARCHIVE ${what}; give file:///folder or s3://bucket/prefix`,
  });
  if (!/^[a-z0-9]+:\/\//i.test(text) || !URL.canParse(text)) return problem('is not a URL');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return problem("has a user or a password, which belong into the AWS SDK's own variables");
  }
  if (url.hash !== '') return problem('has a #');
  if (url.protocol === 'file:') {
    if (url.search !== '' || (url.hostname !== '' && url.hostname !== 'localhost'))
      return problem('names a host or has a query');
    try {
      const folder = fileURLToPath(new URL(`file://${url.pathname}`));
      return isAbsolute(folder) && folder !== '/' ? { kind: 'file', folder } : problem('names no folder');
    } catch {
      return problem('names no folder');
    }
  }
  if (url.protocol !== 's3:') return problem(`begins with ${url.protocol.slice(0, 20)}`);
  const bucket = url.hostname;
  if (!bucketForm.test(bucket) || url.port !== '') return problem('names no bucket');
  const prefix = decode(url.pathname)?.replace(/^\/+|\/+$/g, '');
  const isClean = prefix !== undefined && prefixForm.test(prefix) && !/(^|\/)\.{0,2}(\/|$)/.test(`${prefix || 'a'}`);
  if (!isClean) return problem('has a prefix that cannot be used');
  const { style, ...others } = Object.fromEntries(url.searchParams);
  const isStyle = style === undefined || style === 'path' || style === 'virtual';
  if (!isStyle || Object.keys(others).length > 0) return problem('has a query other than style=path or style=virtual');
  return { kind: 's3', bucket, prefix, ...(style === undefined ? {} : { style }) };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * Reads `TRYON_ARCHIVE`, `_ALLOW`, `_MAX_BYTES` and `TRYON_RENDITIONS`.
 * @param env - usually `process.env`; empty values count as unset
 * @returns no settings where `TRYON_ARCHIVE` is not set; one line per problem with its remedy
 */
export function readArchive(env: Readonly<Record<string, string | undefined>>): {
  readonly archive?: ArchiveSettings;
  readonly problems: readonly string[];
} {
  const { list: allow, wrong } = parseAllowList(env.TRYON_ARCHIVE_ALLOW?.trim() ?? '');
  const problems = wrong.map(
    (entry) => `TRYON_ARCHIVE_ALLOW has "${entry}"; give host names, addresses or CIDRs, with commas between them`,
  );
  const bytesText = env.TRYON_ARCHIVE_MAX_BYTES?.trim() || String(defaultMaxBytes);
  const maxBytes = /^\d{1,12}$/.test(bytesText) ? Number(bytesText) : 0;
  if (maxBytes < 1 || maxBytes > largestMaxBytes) {
    problems.push(`TRYON_ARCHIVE_MAX_BYTES is "${bytesText}"; give a whole number from 1 to ${largestMaxBytes}`);
  }
  const { renditions, problems: renditionProblems } = parseRenditions(env.TRYON_RENDITIONS?.trim() ?? '');
  problems.push(...renditionProblems);
  const text = env.TRYON_ARCHIVE?.trim();
  if (!text) return { problems };
  const place = parseStorePlace(text);
  if ('problem' in place) return { problems: [...problems, place.problem] };
  return { archive: { place, allow, maxBytes, renditions }, problems };
}
