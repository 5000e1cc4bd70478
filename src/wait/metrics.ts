/** The one metric that the workflow itself counts: nobody else sees a wait end without a poll. Without imports, for the sandbox. */

/** Waits that ended past their deadline because no final poll was made. A counter, by `code`: `NoWorker` or `Paused`. */
export const overdueWaitsMetric = 'tryon_waits_overdue';
