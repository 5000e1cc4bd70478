/** Log lines for people. All text is cleaned here: a message or a field may hold what a vendor or a caller sent. */
import { inspect } from 'node:util';
import { cleanText } from '../error-text.js';
import type { LogLine } from './json-log.js';

/** Further lines of an entry are indented: no text from outside can begin a line that passes for an entry of its own. */
const CONTINUATION = '\n    ';

const cleanLines = (text: string): string => text.split('\n').map(cleanText).join(CONTINUATION);

/** One entry as the SDK's own logger writes it, without colours: time, level, message and fields. Never throws. */
export function textLine({ level, message, timestampNanos, meta }: LogLine): string {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const fields = meta === undefined ? '' : ` ${inspected(meta)}`;
  return `${time} [${level}] ${cleanLines(message)}${cleanLines(fields)}`;
}

function inspected(meta: LogLine['meta']): string {
  try {
    return inspect(meta);
  } catch {
    return '(fields that cannot be shown)';
  }
}
