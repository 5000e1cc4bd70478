/** The schedule of each API before anything is learned. Pure, but for a cache. */
import { apiOf } from '../providers/apis.js';
import type { ApiFacts } from '../providers/descriptor.js';
import { type DurationModel, priorFrom } from '../schedule/distribution.js';
import { floorOf, policyOf, type SchedulePolicy } from '../schedule/schedule.js';

/** Settings of durations. */
export interface PriorSettings {
  readonly prior: DurationModel;
  /** Whether a person set `prior`, which then counts for every API; default false. */
  readonly isPriorSet?: boolean;
}

/** The policy of an API by what its vendor says and a person has set. */
export function priorPolicy({ prior, isPriorSet = false }: PriorSettings, facts: ApiFacts): SchedulePolicy {
  const model = isPriorSet || facts.prior === undefined ? prior : priorFrom(facts.prior);
  return policyOf({ model, floorMs: floorOf(facts.minPollMs) });
}

/** {@link priorPolicy} by an API's name, default `tryon`; the same object each time. */
export function priorPolicies(settings: PriorSettings): (api?: string) => SchedulePolicy {
  const made = new Map<string, SchedulePolicy>();
  return (name) => {
    const { name: api, facts } = apiOf(name);
    const policy = made.get(api) ?? priorPolicy(settings, facts);
    made.set(api, policy);
    return policy;
  };
}
