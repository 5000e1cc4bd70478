/**
 * Named behaviours of the emulated vendor, as data: rows of a table that documents, tests and the command line share. What is
 * `documented` rests on the vendor's pages or examples or on its gateway's; what is a `guess` nobody has seen of this vendor;
 * a `fault` is none of the vendor's words but what networks, proxies and servers do.
 */
import { fromTheGateway, fromTheService } from './behaviours/replies.js';
import type { Behaviour } from './behaviours/row.js';
import { ofTheTask } from './behaviours/task.js';
import { inTheBody, inTheStatus, onTheWire } from './behaviours/transport.js';

export type { Behaviour } from './behaviours/row.js';

/** All behaviours, by name. */
export const behaviours = {
  ...ofTheTask,
  ...fromTheService,
  ...fromTheGateway,
  ...inTheStatus,
  ...inTheBody,
  ...onTheWire,
} as const satisfies Record<string, Behaviour>;

/** Name of a behaviour. */
export type BehaviourName = keyof typeof behaviours;
