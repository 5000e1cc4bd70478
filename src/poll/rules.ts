/** The numbers by which polls are decided, beside the schedule. Lengths in milliseconds. */
import { defaults, limits } from '../contract.js';

/** See the file's description. */
export const pollRules = {
  notFoundGraceMs: defaults.notFoundGraceSeconds * 1000,
  /** A task said to be over without what it should have is polled this often, this far apart. */
  recheckPolls: { empty: 3, unsettled: 3, failed: 2, notFound: 2 },
  recheckMs: 5_000,
  errorBackoffMs: { first: 1_000, max: 60_000 },
  blockedBackoffMs: { first: 5_000, max: 300_000 },
  /** After so many replies in a row about another task, the wait is blocked. */
  wrongTaskPolls: 3,
  /** After so many untrusted certificates in a row, the wait is blocked: a person must act. */
  untrustedPolls: 3,
  /** New images in one report; the rest follows in the next one. */
  reportBytes: 1024 * 1024,
  /** An image with more JSON than this fits into no event: it is dropped as the vendor's mistake. */
  imageBytes: limits.eventBytes - 1024,
  /** Images reported of one task; more are left out, because their ids must fit into the activity's input. */
  images: 50_000,
  /** Bytes of sub-tasks that are kept. */
  subTaskBytes: limits.resultBytes / 4,
  /** A poll this little early counts as due: servers and clocks round. */
  dueSlackMs: 250,
} as const;
