/** What people read of a job in the Temporal UI. Pure; vendor texts are escaped, since the UI renders Markdown. */
import { subscriberName } from '../contract.js';
import { escapeMarkdown, FOOT, namesOf, shownTime, table } from '../wait/describe.js';
import { jobStatusOf } from './job-report.js';
import type { JobState } from './job-state.js';

/** What a person does about a job that may have been submitted, with the commands for it. Plain text. */
export const resolveRemedy = (requestId: string): string =>
  `search for the task at the vendor, then run temporal-tryon resolve ${requestId} with --task-id <id>, --resubmit or --give-up`;

/** Current details of a job; up to 20 subscribers by name. */
export function describeJob(job: JobState): string {
  const { state, taskId, submission, images, error } = jobStatusOf(job);
  const rows: [string, string][] = [
    ['request', escapeMarkdown(job.requestId)],
    ['state', state],
    ['submission', `${submission.state}, ${submission.attempts} attempts`],
    ['task', taskId === undefined ? 'none yet' : escapeMarkdown(taskId)],
    ['images', `${images.length}${job.expectedImages === undefined ? '' : ` of ${job.expectedImages}`}`],
    ['deadline', shownTime(job.deadlineMs)],
    ['subscribers', namesOf(job.subscribers.map(subscriberName))],
  ];
  if (error !== undefined) {
    rows.push(['error', `${error.layer} ${escapeMarkdown(error.code)}: ${escapeMarkdown(error.message)}`]);
  }
  if (state === 'maybeSubmitted') rows.push(['remedy', escapeMarkdown(resolveRemedy(job.requestId))]);
  return `### Virtual try-on job: ${state}\n\n${table(rows)}${FOOT}`;
}
