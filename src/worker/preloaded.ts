/**
 * The modules of the workflows that keep no state; see `workflowSource`. They must be used here: package.json says that our modules have no
 * side effects, and a bundler leaves out an import that is not used. Of this module package.json says that it has side effects.
 */
import * as valibot from 'valibot';
import * as check from '../check.js';
import * as contract from '../contract.js';
import * as jobArchive from '../job/archive.js';
import * as jobDescribe from '../job/describe.js';
import * as job from '../job/job.js';
import * as jobReport from '../job/job-report.js';
import * as nextAction from '../job/next-action.js';
import * as protocol from '../job/protocol.js';
import * as submission from '../job/submission.js';
import * as size from '../json-size.js';
import * as poll from '../poll/poll-state.js';
import * as tryon from '../providers/aidge/tryon.js';
import * as apis from '../providers/apis.js';
import * as describe from '../wait/describe.js';
import * as inbox from '../wait/inbox.js';
import * as listing from '../wait/listing.js';
import * as metrics from '../wait/metrics.js';
import * as patience from '../wait/nexus-patience.js';
import * as pollInput from '../wait/poll-input.js';
import * as wait from '../wait/wait.js';
import * as delivery from '../webhook/delivery.js';

/** The modules. */
export const preloaded: readonly object[] = [
  valibot,
  check,
  contract,
  delivery,
  describe,
  inbox,
  job,
  jobArchive,
  jobDescribe,
  jobReport,
  listing,
  metrics,
  nextAction,
  patience,
  poll,
  pollInput,
  protocol,
  size,
  submission,
  wait,
  apis,
  tryon,
];
