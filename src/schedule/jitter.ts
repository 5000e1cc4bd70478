/**
 * Deterministic jitter: a number that seems random and is the same wherever it is computed. Pure, safe in the sandbox.
 */

/**
 * A number in [0, 1) from a task and its attempt: FNV-1a over the text, then MurmurHash3's finaliser, since FNV alone leaves the
 * high bits of near texts alike.
 */
export function jitterOf(taskId: string, attempt: number): number {
  let hash = 0x811c9dc5;
  const text = `${taskId}#${attempt}`;
  for (let k = 0; k < text.length; k++) hash = Math.imul(hash ^ text.charCodeAt(k), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296;
}
