/** All that a worker bundles for the queue `tryon`. */
export { tryOnListing } from './try-on-listing.js';
export { tryOnResults } from './try-on-results.js';
