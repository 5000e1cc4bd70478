/**
 * The face of one vendor API: how the emulator reads its requests and spells its answers. A face is made from the vendor's pages and its
 * published client, never from this package's descriptors, so that a mistake on one side makes a test fail. All of it is pure.
 */
import type { ApiName, VendorName } from '../../contract.js';
import type { EmulatedAccount } from '../accounts.js';
import type { AnswerContext, EmulatedAnswer } from '../answer.js';
import type { RawRequest } from '../gateway.js';
import type { Scheme } from '../request-log.js';
import type { NotFoundAnswer, Step } from '../step.js';
import type { SubmitRequest } from '../submit.js';
import type { TaskModel } from '../tasks.js';
import type { Limits } from './features.js';

/** Context of an answer that shows no task. */
export type FaceContext = Omit<AnswerContext, 'store' | 'poll' | 'stepPoll'>;

/** Settings of the check of keys. */
export interface AdmissionRules {
  /** The accounts of the face's vendor. */
  readonly accounts: readonly EmulatedAccount[];
  readonly nowMs: number;
  /** Largest accepted difference between a timestamp and now, where the caller sets one. */
  readonly timeWindowSeconds?: number;
  /** False: an unknown key counts as the first account's. */
  readonly strict: boolean;
}

/** The account of a call, or the answer that refuses it. */
export type Admission = { readonly account: EmulatedAccount } | { readonly refusal: EmulatedAnswer };

/** A request that a face has read. */
export interface FaceCall {
  /** A path that the vendor does not know is a `query` whose `check` refuses it. */
  readonly operation: 'query' | 'submit' | 'cancel';
  readonly api: ApiName;
  /** For the log. */
  readonly path: string;
  readonly taskId?: string;
  readonly scheme: Scheme;
  readonly trial: boolean;
  /** Finds the account by its key and checks the signature. */
  readonly admit: (rules: AdmissionRules, context: FaceContext) => Admission;
  /** The answer to a call that needs no task: a wrong method, a missing parameter. Called before a submit is counted, after a query is. */
  readonly check: (account: EmulatedAccount, context: FaceContext) => EmulatedAnswer | undefined;
  /** What a submit asks for, or the problem as text. */
  readonly newTask: (imagesPerSubTask: number) => SubmitRequest | string;
}

/** See the file's description. */
export interface Face {
  /** The APIs whose tasks it shows. */
  readonly apis: readonly ApiName[];
  readonly vendor: VendorName;
  /** Validity of image URLs, where the vendor states one. */
  readonly imageTtlSeconds?: number;
  /** How long the vendor knows a task after its end, where it states that. */
  readonly retentionSeconds?: number;
  /** Whether a task is unknown to the vendor's other accounts. */
  readonly hidesTasks?: boolean;
  /** Sub-tasks, and images of each, of a task that is made without a submit. Default: the emulator's. */
  readonly usual?: { readonly subTasks: number; readonly images: number };
  /** What the shape cannot express. Default: nothing. */
  readonly limits?: Limits;
  /** An id in the vendor's form. Default: the UUID itself. */
  readonly taskIdOf?: (uuid: string) => string;
  /** The call, or `undefined` if the request is for another face. */
  readonly read: (raw: RawRequest, strict: boolean) => FaceCall | undefined;
  /** The part of a step that does not depend on a task: an HTTP answer, or a refusal. `taskId`: of a query. */
  readonly refusal: (step: Step, context: FaceContext, taskId?: string) => EmulatedAnswer | undefined;
  /** Too many calls; they are accepted again after `seconds`. */
  readonly throttled: (isQuery: boolean, seconds: number, context: FaceContext) => EmulatedAnswer;
  /** A submit with a problem. */
  readonly invalid: (problem: string, context: FaceContext) => EmulatedAnswer;
  readonly submitted: (taskId: string, step: Step, context: FaceContext) => EmulatedAnswer;
  /** The answer to a query of a known task by a step that is no {@link refusal}. */
  readonly query: (step: Step, task: TaskModel, context: AnswerContext) => EmulatedAnswer;
  /** The answer for an unknown or expired task. `undefined`: as the vendor documents it, else the likeliest. */
  readonly notFound: (kind: NotFoundAnswer | undefined, taskId: string, context: FaceContext) => EmulatedAnswer;
  /** The answer to a cancellation. Absent: the vendor has none. `isDone`: the task was still pending and is cancelled now. */
  readonly cancelled?: (isDone: boolean, taskId: string, context: FaceContext) => EmulatedAnswer;
}
