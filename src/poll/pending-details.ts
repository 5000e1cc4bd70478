/** What the server keeps of the last attempt of a polling activity, and shows to those who describe the workflow. */
import type { SchedulePolicy } from '../schedule/schedule.js';
import type { PollState } from './poll-state.js';
import type { Why } from './step.js';

/** Details of a `TryOnPending` failure: what the next poll was computed from. The server cuts failures above 4 KiB. */
export interface PendingDetails {
  readonly why: Why;
  readonly delayMs: number;
  readonly nextPollAt: string;
  readonly pollCostSeconds: number;
  readonly model: SchedulePolicy['model'];
  readonly state: PollState;
}
