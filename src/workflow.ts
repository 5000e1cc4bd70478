/** Entry `temporal-tryon/workflow`: the workflows to re-export and the pieces for parents of one's own. Safe in the workflow sandbox. */
export * from './contract.js';
export { emptyInbox, type Inbox, type InboxTask, receive, restoreInbox } from './wait/inbox.js';
export {
  addTask,
  pollJobNow,
  pollNow,
  resolveSubmission,
  setJobTimeout,
  setWaitTimeout,
  subscribe,
  subscribeToJob,
  tryOnEvent,
  tryOnJobStatus,
  tryOnListingStatus,
  tryOnStatus,
  tryOnSubscribe,
  tryOnUnsubscribe,
  unsubscribe,
  unsubscribeFromJob,
} from './workflows/definitions.js';
export { type TryOnStatusInput, tryOnNexusService } from './workflows/nexus-service.js';
export {
  type DroppedSignal,
  leaveTryOn,
  receiveTryOnEvents,
  startOrJoinTryOn,
  type TryOnInbox,
} from './workflows/subscriber.js';
export { tryOnAwaitResults } from './workflows/try-on-await.js';
export { tryOnJob } from './workflows/try-on-job.js';
export { tryOnListing } from './workflows/try-on-listing.js';
export { tryOnResults } from './workflows/try-on-results.js';
export { type TryOnWebhookInput, tryOnWebhook } from './workflows/try-on-webhook.js';
