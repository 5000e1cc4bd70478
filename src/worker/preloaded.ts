/**
 * The modules of the workflows that keep no state, in the hands of a bundler: it would leave out one that is loaded for nothing, as
 * package.json says that ours have no side effects. This one is said to have one there.
 */
import * as valibot from 'valibot';
import * as check from '../check.js';
import * as contract from '../contract.js';
import * as size from '../json-size.js';
import * as poll from '../poll/poll-state.js';
import * as tryon from '../providers/aidge/tryon.js';
import * as describe from '../wait/describe.js';
import * as inbox from '../wait/inbox.js';
import * as listing from '../wait/listing.js';
import * as pollInput from '../wait/poll-input.js';
import * as wait from '../wait/wait.js';

/** All of them. */
export const preloaded: readonly object[] = [
  valibot,
  check,
  contract,
  describe,
  inbox,
  listing,
  poll,
  pollInput,
  size,
  wait,
  tryon,
];
