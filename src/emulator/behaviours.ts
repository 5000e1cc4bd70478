/**
 * Named behaviours of the emulated vendor, as a table that documents, tests and the command line share. `documented`: in the pages or
 * examples of the vendor or of its gateway. `guess`: never seen from this vendor. `fault`: caused by networks, proxies or servers.
 */
import { imageBehaviours } from './behaviours/images.js';
import { gatewayBehaviours, serviceBehaviours } from './behaviours/replies.js';
import type { Behaviour } from './behaviours/row.js';
import { submitBehaviours } from './behaviours/submits.js';
import { taskBehaviours } from './behaviours/task.js';
import { bodyBehaviours, statusBehaviours, wireBehaviours } from './behaviours/transport.js';

export type { Behaviour } from './behaviours/row.js';

/** All behaviours, by name. */
export const behaviours = {
  ...taskBehaviours,
  ...serviceBehaviours,
  ...gatewayBehaviours,
  ...statusBehaviours,
  ...bodyBehaviours,
  ...wireBehaviours,
  ...imageBehaviours,
  ...submitBehaviours,
} as const satisfies Record<string, Behaviour>;

/** Name of a behaviour. */
export type BehaviourName = keyof typeof behaviours;
