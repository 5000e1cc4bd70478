/** Behaviours of the task itself: what is told of its status, its sub-tasks and its images. Data. */
import { type Behaviour, once, task } from './row.js';

const finished = { state: 'finished' } as const;

/** The task is told so. */
export const ofTheTask = {
  live: { description: 'the normal answer, by the clock of the task', basis: 'guess', steps: [{}] },
  submitted: task({ state: 'submitted' }, 'waiting to be run, for ever'),
  stuck: task({ state: 'running' }, 'running, for ever'),
  'running-no-result': task({ state: 'running', taskResult: 'absent' }, 'running without taskResult', 'guess', once),
  'running-null-result': task({ state: 'running', taskResult: 'null' }, 'running, taskResult null', 'guess', once),
  'running-empty-result': task({ state: 'running', taskResult: 'empty' }, 'running, taskResult empty', 'guess', once),
  'running-then-queued': {
    description: 'running, then submitted again, then running, then finished',
    basis: 'guess',
    steps: [
      { ...once, task: { state: 'running' } },
      { ...once, task: { state: 'submitted' } },
      { ...once, task: { state: 'running' } },
      { task: finished },
    ],
  },
  finished: task(finished, 'finished at once', 'documented'),
  batches: task(
    { state: 'running', finishedSubTasks: 'per-poll' },
    'one more sub-task finished with each query, until all are',
  ),
  'finished-then-running': {
    description: 'finished once, then running for ever',
    basis: 'guess',
    steps: [{ ...once, task: finished }, { task: { state: 'running' } }],
  },
  'failed-then-finished': {
    description: 'failed once, then finished',
    basis: 'guess',
    steps: [{ ...once, task: { state: 'failed' } }, { task: finished }],
  },
  'finished-empty': task({ ...finished, taskResult: 'empty' }, 'finished with an empty taskResult'),
  'finished-no-result': task({ ...finished, taskResult: 'absent' }, 'finished without taskResult'),
  'finished-null-result': task({ ...finished, taskResult: 'null' }, 'finished, taskResult null'),
  'finished-no-images': task({ ...finished, images: 'none' }, 'finished, every imageList empty'),
  'finished-no-inner': task(
    { ...finished, images: 'no-result' },
    'finished, sub-tasks without a taskResult of their own',
  ),
  'finished-empty-then-full': {
    description: 'finished with an empty taskResult once, then with all images',
    basis: 'guess',
    steps: [{ ...once, task: { ...finished, taskResult: 'empty' } }, { task: finished }],
  },
  partial: task({ state: 'partial' }, 'finished, but the last sub-task failed'),
  'partial-failed': task({ state: 'partial', statusWord: 'failed' }, 'failed, but only the last sub-task did'),
  'all-failed': task({ state: 'failed' }, 'failed, and every sub-task too', 'documented'),
  'all-sub-tasks-failed': task(
    { state: 'failed', statusWord: 'finished' },
    'finished by the main status, though every sub-task failed',
  ),
  'failed-message-only': task(
    { state: 'failed', taskResult: 'absent', message: 'the model image holds no person' },
    'failed, with nothing but resMessage to say why',
    'documented',
  ),
  'status-at-odds': task(
    { ...finished, statusWord: 'running' },
    'running, though all sub-tasks are finished',
    'guess',
    {
      polls: 2,
    },
  ),
  'unknown-status': task(
    { state: 'running', statusWord: 'post_processing' },
    'an unknown status word; twice',
    'guess',
    {
      polls: 2,
    },
  ),
  'unknown-sub-status': task(
    { ...finished, subStatusWord: 'archived' },
    'finished, with sub-tasks of an unknown status',
  ),
  'missing-status': task({ state: 'running', noStatus: true }, 'no taskStatus; twice', 'guess', { polls: 2 }),
  'null-status': task({ state: 'running', statusWord: null }, 'taskStatus null; twice', 'guess', { polls: 2 }),
  'upper-case-status': task({ ...finished, statusWord: 'FINISHED', subStatusWord: 'FINISHED' }, 'FINISHED'),
  'no-data': task({ data: 'absent' }, 'a good envelope without data; once', 'guess', once),
  'null-data': task({ data: 'null' }, 'a good envelope, data null; once', 'guess', once),
  'fewer-images': task({ ...finished, images: 'fewer' }, 'finished, one image less in each sub-task', 'documented'),
  'repeated-images': task({ ...finished, images: 'repeated' }, 'finished, every image twice'),
  'reordered-images': {
    description: 'one sub-task finished, then all, in the opposite order',
    basis: 'guess',
    steps: [
      { ...once, task: { state: 'running', finishedSubTasks: 1 } },
      { task: { ...finished, images: 'reordered' } },
    ],
  },
  're-signed-urls': {
    description: 'sub-tasks finish one by one over two queries, every address signed anew each time',
    basis: 'guess',
    steps: [
      { polls: 2, task: { state: 'running', finishedSubTasks: 1, urls: 're-signed' } },
      { task: { ...finished, urls: 're-signed' } },
    ],
  },
  'thousands-of-images': task({ ...finished, imagesPerSubTask: 3_000 }, 'finished, 3,000 images in each sub-task'),
  'beyond-the-cap': task({ ...finished, imagesPerSubTask: 20_000 }, 'finished, more than 4 MiB of addresses'),
  'cut-escape-urls': task({ ...finished, urls: 'cut-escape' }, 'finished, addresses end in %3', 'documented'),
  'odd-escape-urls': task({ ...finished, urls: 'odd-escapes' }, 'finished, addresses with lower-case and raw escapes'),
  'expired-urls': task({ ...finished, urls: 'expired' }, 'finished, addresses that have expired'),
  'loopback-urls': task({ ...finished, urls: 'loopback' }, 'finished, addresses on the loopback interface'),
  'metadata-urls': task({ ...finished, urls: 'metadata' }, 'finished, addresses of a cloud metadata service'),
  'file-urls': task({ ...finished, urls: 'file' }, 'finished, addresses of local files'),
  'other-task-id': task({ ...finished, taskId: 'other' }, 'finished, but another task; three times', 'documented', {
    polls: 3,
  }),
  'no-task-id': task({ ...finished, taskId: 'absent' }, 'finished, without a task id'),
  'inner-json-text': task({ ...finished, shape: 'json-text' }, 'finished, each inner taskResult as JSON text'),
  'data-json-text': task({ ...finished, shape: 'data-text' }, 'finished, data as JSON text'),
  'struct-data': task({ ...finished, shape: 'struct-data' }, "finished, in the repair API's shape", 'documented'),
  'url-items': task({ ...finished, shape: 'url' }, "finished, in the virtual model API's shape", 'documented'),
  'not-found-http': { description: 'unknown task, by HTTP 404', basis: 'guess', steps: [{ notFound: 'http404' }] },
  'not-found-service': { description: 'unknown task, by resCode', basis: 'guess', steps: [{ notFound: 'service' }] },
  'not-found-text': {
    description: 'unknown task, by a failed status and a text',
    basis: 'guess',
    steps: [{ notFound: 'task-failed-text' }],
  },
  'not-found-at-first': {
    description: 'unknown twice, then as its clock says',
    basis: 'guess',
    steps: [{ polls: 2, notFound: 'http404' }],
  },
  'seen-then-gone': {
    description: 'running once, then unknown for ever',
    basis: 'guess',
    steps: [{ ...once, task: { state: 'running' } }, { notFound: 'http404' }],
  },
} satisfies Record<string, Behaviour>;
