/** All that a worker bundles for the queue `tryon`. */
export { tryOnAwaitResults } from './try-on-await.js';
export { tryOnJob } from './try-on-job.js';
export { tryOnListing } from './try-on-listing.js';
export { tryOnResults } from './try-on-results.js';
export { tryOnWebhook } from './try-on-webhook.js';
