/** What the server keeps of the last attempt of a polling activity, for whoever describes the workflow. */
import type { SchedulePolicy } from '../schedule/schedule.js';
import type { Why } from './decide.js';
import type { PollState } from './poll-state.js';

/** Details of a `TryOnPending` failure: what the next poll was computed from. The server cuts failures above 4 KiB. */
export interface PendingDetails {
  readonly why: Why;
  readonly delayMs: number;
  readonly nextPollAt: string;
  readonly pollCostSeconds: number;
  readonly model: SchedulePolicy['model'];
  readonly state: PollState;
}
