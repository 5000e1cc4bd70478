/** Reads the token of a codec server from an environment variable or a file. No message contains it. */
import { readFileSync } from 'node:fs';

/** A shorter token can be guessed. */
const minCharacters = 16;

const remedy = 'such as `openssl rand -hex 32` prints';

/** A function that reads the token, or one line for each problem. `token` is `undefined` if none is set. */
export type CodecTokenRead =
  | { readonly ok: true; readonly token: (() => string) | undefined }
  | { readonly ok: false; readonly problems: readonly string[] };

/** What is wrong with a token, or `undefined`. It must be valid in a header. */
function problemOf(token: string, source: string): string | undefined {
  if (!/^[\x21-\x7e]*$/.test(token)) return `${source} has characters other than visible ASCII; give a token ${remedy}`;
  if (token.length < minCharacters)
    return `${source} is shorter than ${minCharacters} characters; give a token ${remedy}`;
  return undefined;
}

/**
 * Reads `TRYON_CODEC_TOKEN`, or the file that `TRYON_CODEC_TOKEN_FILE` names. The file is read again for each call; one that is being
 * replaced or is wrong leaves the last good token in force.
 */
export function readCodecToken(env: Readonly<Record<string, string | undefined>>): CodecTokenRead {
  const text = env.TRYON_CODEC_TOKEN?.trim();
  const path = env.TRYON_CODEC_TOKEN_FILE?.trim();
  if (text && path) {
    return { ok: false, problems: ['TRYON_CODEC_TOKEN and TRYON_CODEC_TOKEN_FILE are both set; keep one'] };
  }
  if (text) {
    const problem = problemOf(text, 'TRYON_CODEC_TOKEN');
    return problem === undefined ? { ok: true, token: () => text } : { ok: false, problems: [problem] };
  }
  if (!path) return { ok: true, token: undefined };
  const name = 'the file named by TRYON_CODEC_TOKEN_FILE';
  let last = '';
  const read = (): string | undefined => {
    try {
      const token = readFileSync(path, 'utf8').trim();
      const problem = problemOf(token, name);
      if (problem === undefined) last = token;
      return problem;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      return `${name} cannot be read (${code}); put it there, readable by this process`;
    }
  };
  const problem = read();
  if (problem !== undefined) return { ok: false, problems: [problem] };
  return {
    ok: true,
    token() {
      read();
      return last;
    },
  };
}
