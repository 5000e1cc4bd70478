/** A task as a step shows it, before a face spells it; and the answer of a face with a JSON body. Pure. */
import { defined } from '../../defined.js';
import { type AnswerContext, type EmulatedAnswer, httpAnswer, isSentWhole } from '../answer.js';
import type { Step } from '../step.js';
import { imageUrlsOf, shownTaskId } from '../task-data.js';
import { type StatusWord, snapshotOf, type TaskModel } from '../tasks.js';
import type { FaceContext } from './face.js';
import { errorOf, type FaceError, type FaceErrors } from './meaning.js';

/** The vendor's status words. `cancelled`: absent if its tasks cannot be cancelled. */
export type Words = Readonly<Record<StatusWord, string> & { readonly cancelled?: string }>;

/** See the file's description. */
export interface Picture {
  readonly state: StatusWord | 'cancelled';
  /** The vendor's word for the state, or what the step puts in its place: null, nothing, or a word that no page names. */
  readonly word: string | null | undefined;
  readonly taskId: string | number | undefined;
  /** URLs of each sub-task's images; empty while it is not finished. */
  readonly subTasks: readonly { readonly state: StatusWord; readonly urls: readonly string[] }[];
  readonly urls: readonly string[];
  /** How results are shown: `list` as they are, else empty, null or left out. */
  readonly result: 'list' | 'empty' | 'null' | 'absent';
  /** The scripted reason of a failure. */
  readonly message: string | undefined;
}

/** The word of a step in the vendor's spelling: another case for another case, and unknown words as they are. */
function spelled(word: string, words: Words): string {
  const own = words[word.toLowerCase() as StatusWord];
  if (own === undefined) return word;
  if (word === word.toLowerCase()) return own;
  return own === own.toLowerCase() ? own.toUpperCase() : own.toLowerCase();
}

/** The task at one query. */
export function pictureOf(step: Step, task: TaskModel, words: Words, context: AnswerContext): Picture {
  const view = step.task ?? {};
  const taskId = shownTaskId(task.taskId, view);
  if (task.cancelledAtMs !== undefined) {
    return {
      state: 'cancelled',
      word: words.cancelled,
      taskId,
      subTasks: [],
      urls: [],
      result: 'absent',
      message: undefined,
    };
  }
  const snapshot = snapshotOf(task, view, context.nowMs, context.stepPoll);
  const shown = view.statusWord === undefined ? snapshot.status : view.statusWord;
  const subTasks = snapshot.subTasks.map((state, index) => ({
    state,
    urls: state === 'finished' ? imageUrlsOf(task, index, view, context) : [],
  }));
  if (view.images === 'reordered') subTasks.reverse();
  const isStatus = (word: string): word is StatusWord => Object.hasOwn(words, word);
  const state = shown?.toLowerCase() ?? '';
  const inner = view.images === 'none' ? 'empty' : view.images === 'no-result' ? 'absent' : 'list';
  return {
    state: isStatus(state) ? state : snapshot.status,
    word: view.noStatus ? undefined : shown === null ? null : spelled(shown, words),
    taskId,
    subTasks,
    urls: subTasks.flatMap(({ urls }) => urls),
    result: view.taskResult ?? inner,
    message: view.message,
  };
}

/** Whether an answer with this picture shows the task's end to a reader. */
export function showsEnd(step: Step, { state, word }: Picture): boolean {
  const isEnd = state === 'finished' || state === 'failed' || state === 'cancelled';
  const isKnown = typeof word === 'string' && (step.task?.statusWord ?? state).toLowerCase() === state;
  return isEnd && isKnown && step.task?.taskId !== 'other' && step.service === undefined && isSentWhole(step.wire);
}

/** An answer with a JSON body. */
export function faceAnswer(
  status: number,
  value: unknown,
  label: string,
  step: Step = {},
  changes: { readonly ends?: boolean; readonly headers?: Readonly<Record<string, string>> } = {},
): EmulatedAnswer {
  return defined({
    status,
    headers: { 'content-type': step.contentType ?? 'application/json', ...changes.headers },
    body: (step.prefix ?? '') + JSON.stringify(value),
    label,
    ends: changes.ends ?? false,
    wire: step.wire,
    seconds: step.seconds,
  });
}

/** The answer to a method that the call does not have. */
export const methodAnswer = (allowed: readonly string[], body: unknown = {}): EmulatedAnswer =>
  faceAnswer(405, body, 'http:405', {}, { headers: { allow: allowed.join(', ') } });

/** The refusal of a call. `seconds`: for `Retry-After`. */
export const errorAnswer = (error: FaceError, spell: (error: FaceError) => unknown, seconds?: number): EmulatedAnswer =>
  faceAnswer(error.status, spell(error), `service:${error.code}`, {}, { headers: retryAfterOf(defined({ seconds })) });

/** Fields that no page names, for the step that asks for them. */
export const unknownFields = { _ext_: { zone: 'eu', nested: [{ deep: { er: null } }] } } as const;

/** `Retry-After` with the step's seconds, if it has some: the nearest to the text that Aidge gives. */
const retryAfterOf = ({ seconds }: Pick<Step, 'seconds'>): Record<string, string> =>
  seconds === undefined ? {} : { 'retry-after': String(seconds) };

/**
 * The refusal of a step, in the vendor's words.
 * @param spell - the body of an error
 * @param failed - the body of a query whose task has failed with the error. Absent: the vendor shows every error by itself.
 */
export function refusalWith(
  step: Step,
  context: FaceContext,
  errors: FaceErrors,
  spell: (error: FaceError) => unknown,
  failed?: (error: FaceError) => unknown,
): EmulatedAnswer | undefined {
  if (step.http !== undefined) return httpAnswer(step.http, step, context);
  const error = step.service !== undefined && step.task !== undefined ? undefined : errorOf(step, errors);
  if (error === undefined) return undefined;
  const label = `service:${error.code}`;
  if (error.fails && failed !== undefined) return faceAnswer(200, failed(error), label, step);
  return faceAnswer(error.status, spell(error), label, step, { headers: retryAfterOf(step) });
}
