/** Warnings that a status shows: what a caller sent and was dropped. Pure; bounded, whatever callers send. */
import { wellFormed } from '../check.js';
import { limits } from '../contract.js';

/**
 * Adds a warning. One that is known already moves to the end; the oldest go where there are too many.
 * @returns at most `limits.warnings` texts of at most `limits.warningCharacters`
 */
export function withWarning(warnings: readonly string[] = [], added: string): readonly string[] {
  const text = wellFormed(added.slice(0, limits.warningCharacters));
  return [...warnings.filter((one) => one !== text), text].slice(-limits.warnings);
}
