/** Behaviours of the task: its status, its sub-tasks and its images. Data. */
import { type Behaviour, once, sequence, task } from './row.js';

const finished = { state: 'finished' } as const;

/** Views of the task. */
export const taskBehaviours = {
  live: { description: "the normal answer, by the task's clock", basis: 'guess', steps: [{}] },
  submitted: task({ state: 'submitted' }, 'submitted, for ever'),
  stuck: task({ state: 'running' }, 'running, for ever'),
  'running-no-result': task({ state: 'running', taskResult: 'absent' }, 'running without taskResult', 'guess', once),
  'running-null-result': task({ state: 'running', taskResult: 'null' }, 'running, taskResult null', 'guess', once),
  'running-empty-result': task({ state: 'running', taskResult: 'empty' }, 'running, taskResult empty', 'guess', once),
  'running-then-queued': sequence(
    'running, then submitted again, then running, then finished',
    { ...once, task: { state: 'running' } },
    { ...once, task: { state: 'submitted' } },
    { ...once, task: { state: 'running' } },
    { task: finished },
  ),
  finished: task(finished, 'finished at once', 'documented'),
  batches: task(
    { state: 'running', finishedSubTasks: 'per-poll' },
    'one more sub-task finishes with each query, until all are finished',
  ),
  'finished-then-running': sequence(
    'finished once, then running for ever',
    { ...once, task: finished },
    { task: { state: 'running' } },
  ),
  'failed-then-finished': sequence(
    'failed once, then finished',
    { ...once, task: { state: 'failed' } },
    { task: finished },
  ),
  'finished-empty': task({ ...finished, taskResult: 'empty' }, 'finished with an empty taskResult'),
  'finished-no-result': task({ ...finished, taskResult: 'absent' }, 'finished without taskResult'),
  'finished-null-result': task({ ...finished, taskResult: 'null' }, 'finished, taskResult null'),
  'finished-no-images': task({ ...finished, images: 'none' }, 'finished, every imageList empty'),
  'finished-no-inner': task(
    { ...finished, images: 'no-result' },
    'finished, sub-tasks without a taskResult of their own',
  ),
  'finished-empty-then-full': sequence(
    'finished with an empty taskResult once, then with all images',
    { ...once, task: { ...finished, taskResult: 'empty' } },
    { task: finished },
  ),
  partial: task({ state: 'partial' }, 'finished, although the last sub-task failed'),
  'partial-failed': task({ state: 'partial', statusWord: 'failed' }, 'failed, although only the last sub-task failed'),
  'all-failed': task({ state: 'failed' }, 'failed, and every sub-task too', 'documented'),
  'all-sub-tasks-failed': task({ state: 'failed', statusWord: 'finished' }, 'finished, although every sub-task failed'),
  'failed-message-only': task(
    { state: 'failed', taskResult: 'absent', message: 'the model image holds no person' },
    'failed, with the reason only in resMessage',
    'documented',
  ),
  'status-at-odds': task(
    { ...finished, statusWord: 'running' },
    'running, although all sub-tasks are finished; twice',
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
  'no-data': task({ data: 'absent' }, 'a successful envelope without data; once', 'guess', once),
  'null-data': task({ data: 'null' }, 'a successful envelope, data null; once', 'guess', once),
  'fewer-images': task({ ...finished, images: 'fewer' }, 'finished, one image too few in each sub-task', 'documented'),
  'repeated-images': task({ ...finished, images: 'repeated' }, 'finished, every image twice'),
  'reordered-images': sequence(
    'one sub-task finished, then all, in the opposite order',
    { ...once, task: { state: 'running', finishedSubTasks: 1 } },
    { task: { ...finished, images: 'reordered' } },
  ),
  're-signed-urls': sequence(
    'sub-tasks finish one by one over two queries, all URLs signed again in each reply',
    { polls: 2, task: { state: 'running', finishedSubTasks: 1, urls: 're-signed' } },
    { task: { ...finished, urls: 're-signed' } },
  ),
  'thousands-of-images': task({ ...finished, imagesPerSubTask: 3_000 }, 'finished, 3,000 images in each sub-task'),
  'beyond-the-cap': task({ ...finished, imagesPerSubTask: 20_000 }, 'finished, more than 4 MiB of URLs'),
  'cut-escape-urls': task({ ...finished, urls: 'cut-escape' }, 'finished, URLs end in %3', 'documented'),
  'odd-escape-urls': task({ ...finished, urls: 'odd-escapes' }, 'finished, URLs with lower-case and raw escapes'),
  'expired-urls': task({ ...finished, urls: 'expired' }, 'finished, URLs that have expired'),
  'loopback-urls': task({ ...finished, urls: 'loopback' }, 'finished, URLs on the loopback interface'),
  'metadata-urls': task({ ...finished, urls: 'metadata' }, 'finished, URLs of a cloud metadata service'),
  'file-urls': task({ ...finished, urls: 'file' }, 'finished, URLs of local files'),
  'other-task-id': task(
    { ...finished, taskId: 'other' },
    'finished, with the id of another task; three times',
    'documented',
    {
      polls: 3,
    },
  ),
  'no-task-id': task({ ...finished, taskId: 'absent' }, 'finished, without a task id'),
  'inner-json-text': task({ ...finished, shape: 'json-text' }, 'finished, each inner taskResult as JSON text'),
  'data-json-text': task({ ...finished, shape: 'data-text' }, 'finished, data as JSON text'),
  'struct-data': task({ ...finished, shape: 'struct-data' }, "finished, in the repair API's shape", 'documented'),
  'url-items': task({ ...finished, shape: 'url' }, "finished, in the virtual model API's shape", 'documented'),
  'not-found-http': { description: 'unknown task, by HTTP 404', basis: 'guess', steps: [{ notFound: 'http404' }] },
  'not-found-service': { description: 'unknown task, by resCode', basis: 'guess', steps: [{ notFound: 'service' }] },
  'not-found-text': sequence('unknown task, by a failed status and a message', { notFound: 'task-failed-text' }),
  'not-found-at-first': sequence('unknown twice, then the normal answer', { polls: 2, notFound: 'http404' }),
  'seen-then-gone': sequence(
    'running once, then unknown for ever',
    { ...once, task: { state: 'running' } },
    { notFound: 'http404' },
  ),
} satisfies Record<string, Behaviour>;
