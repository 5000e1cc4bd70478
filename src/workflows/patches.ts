/**
 * The register of changes to workflow code that histories of released versions would not replay without. Before a version is
 * released a change needs no row: the histories are recorded again. From then on each change of commands gets one, and is written
 * `if (isPatched('row')) { new } else { old }`. See `docs/upgrades.md`.
 */
import { patched } from '@temporalio/workflow';

/** One change. */
export interface Patch {
  /** What `patched` records in history; never changed, never used again. */
  readonly id: string;
  /** What was changed, and why. */
  readonly reason: string;
  /** The version that brought it. */
  readonly since: string;
  /** File of `test/histories/` that was recorded before the change and proves that it still replays. */
  readonly history: string;
}

/** Every patch that has not been retired. None yet: no version has been released. */
export const patches: Readonly<Record<string, Patch>> = {};

/** Whether this execution takes the new path of a registered change. Throws `TypeError` for a name without a row. */
export function isPatched(name: string): boolean {
  const patch = Object.hasOwn(patches, name) ? patches[name] : undefined;
  if (patch === undefined) throw new TypeError(`${name} is no row of patches.ts`);
  return patched(patch.id);
}
