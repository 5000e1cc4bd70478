/** The emulated vendor without its HTTP server: accounts, tasks, scripts, and the answer to each call. Time is an argument. */
import { defined } from '../defined.js';
import { answerQuery, type EmulatedAnswer, jsonAnswer, notFoundAnswer, refusalOf } from './answer.js';
import {
  balanceReply,
  type GatewayError,
  gatewayReply,
  type RequestIds,
  requestIds,
  type ScalarTypes,
  serviceReply,
  submitReply,
} from './bodies.js';
import {
  admit,
  apiNames,
  type EmulatedAccount,
  type GatewayCall,
  methodsOf,
  type RawRequest,
  readCall,
} from './gateway.js';
import type { ImageStore } from './images.js';
import { Limiter } from './limiter.js';
import type { EmulatorOptions } from './options.js';
import { hexOf } from './random.js';
import { BoundedLog, Emitter, type QueryLogEntry, type SubmitLogEntry } from './request-log.js';
import { compileScript, type Script, ScriptRun } from './scripts.js';
import type { Step, TaskView } from './step.js';
import { readSubmit } from './submit.js';
import { type TaskRecord, TaskStore } from './task-store.js';

/** An answer showed a task's end for the first time. Times are Unix milliseconds of the vendor's clock. */
export interface EndEvent {
  readonly taskId: string;
  /** From when on a query would have shown it: the task's own end. With a scripted end the same as `servedAtMs`. */
  readonly visibleAtMs: number;
  /** When the query that shows it came in. */
  readonly servedAtMs: number;
  /** Number of that query. */
  readonly poll: number;
}

/** An answer, and what the log says about it. */
interface Outcome {
  readonly answer: EmulatedAnswer;
  readonly taskId?: string;
  readonly script?: string;
  readonly authorised: boolean;
  readonly account?: string;
}

interface CallContext {
  readonly ids: RequestIds;
  readonly nowMs: number;
  /** Number of this query of the task, from 1; 0 if the call names no task. */
  readonly poll: number;
}

/** Longest task id. A guess: the vendor states no limit, its ids are UUIDs. It keeps the log small. */
const maxTaskIdLength = 200;

function taskIdOf(value: unknown): string | undefined {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return text === '' || text.length > maxTaskIdLength ? undefined : text;
}

/** The data of an accepted submit; of a view of the task only what a submit's reply has of it counts. */
function submitData(taskId: string, view: TaskView = {}): unknown {
  if (view.data !== undefined) return view.data === 'null' ? null : undefined;
  return { result: view.taskId === 'absent' ? {} : { taskId } };
}

/** See the file's description. */
export class EmulatedVendor {
  readonly accounts: EmulatedAccount[];
  readonly tasks: TaskStore;
  readonly queries: BoundedLog<QueryLogEntry>;
  readonly submits: BoundedLog<SubmitLogEntry>;
  readonly onQuery = new Emitter<QueryLogEntry>();
  readonly onSubmit = new Emitter<SubmitLogEntry>();
  readonly onEnd = new Emitter<EndEvent>();
  readonly ends: EndEvent[] = [];
  /** Set after the servers listen. */
  store: ImageStore;
  trapUrl = '';
  unauthorised = 0;
  #exchanges = 0;
  #outage: ScriptRun | undefined;
  #submitRun: ScriptRun | undefined;
  readonly #options: EmulatorOptions;
  readonly #types: ScalarTypes;
  readonly #strict: boolean;
  readonly #queryLimiter: Limiter | undefined;
  readonly #submitLimiter: Limiter | undefined;

  constructor(options: EmulatorOptions, store: ImageStore) {
    const { seed } = store;
    this.#options = options;
    this.store = store;
    this.#types = options.types ?? 'text';
    this.#strict = options.strict ?? true;
    const accounts = options.accounts ?? [{ appKey: '512345', appSecret: hexOf(seed, 'secret').slice(0, 32) }];
    this.accounts = accounts.map((account, index) => ({
      ...account,
      name: account.name ?? (index === 0 ? 'default' : `account-${index + 1}`),
    }));
    this.tasks = new TaskStore(seed, options.distribution ?? {}, options.script);
    this.queries = new BoundedLog(options.logEntries ?? 100_000);
    this.submits = new BoundedLog(options.logEntries ?? 100_000);
    this.#queryLimiter = options.queryRate && new Limiter(options.queryRate);
    this.#submitLimiter = options.submitRate && new Limiter(options.submitRate);
    this.scriptSubmits(options.submitScript);
  }

  scriptSubmits(script: Script | undefined): void {
    this.#submitRun = script === undefined ? undefined : new ScriptRun(compileScript(script));
  }

  outage(script: Script | undefined): void {
    this.#outage = script === undefined ? undefined : new ScriptRun(compileScript(script));
  }

  /** Changes an account, named by name or key. */
  setAccount(nameOrKey: string, change: Partial<EmulatedAccount>): EmulatedAccount {
    const index = this.accounts.findIndex(({ name, appKey }) => name === nameOrKey || appKey === nameOrKey);
    const account = this.accounts[index];
    if (account === undefined) throw new RangeError('no account has that name or key');
    const changed = { ...account, ...change };
    this.accounts[index] = changed;
    return changed;
  }

  /** Answers a request and logs it. */
  answer(raw: RawRequest, nowMs: number): EmulatedAnswer {
    this.#exchanges += 1;
    const ids = requestIds(nowMs, this.#exchanges);
    const call = readCall(raw);
    const isSubmit = call.apiName === apiNames.submit || call.apiName === apiNames.submitPro;
    return isSubmit ? this.#submit(call, ids, nowMs) : this.#query(call, ids, nowMs);
  }

  #refused(error: GatewayError, ids: RequestIds, seconds?: number): EmulatedAnswer {
    return jsonAnswer(gatewayReply(error, ids, seconds), `gateway:${error.code}`);
  }

  #invalid(message: string, ids: RequestIds, resCode = '700'): EmulatedAnswer {
    const service = { success: false, resCode, resMessage: message };
    return jsonAnswer(serviceReply(undefined, service, ids, { types: this.#types }), `service:${resCode}`);
  }

  /** The answer to a method that no page of the API names. A guess: the vendor documents none. */
  #wrongMethod({ apiName, method }: GatewayCall): EmulatedAnswer | undefined {
    const allowed = methodsOf(apiName, this.#strict);
    if (allowed.includes(method)) return undefined;
    return { ...jsonAnswer({}, 'http:405'), status: 405, headers: { allow: allowed.join(', ') } };
  }

  #admit(call: GatewayCall, nowMs: number): ReturnType<typeof admit> {
    const { timeWindowSeconds = 7200 } = this.#options;
    return admit(call, { accounts: this.accounts, nowMs, timeWindowSeconds, strict: this.#strict });
  }

  #query(call: GatewayCall, ids: RequestIds, nowMs: number): EmulatedAnswer {
    const taskId = taskIdOf(call.business.task_id ?? (this.#strict ? undefined : call.business.taskId));
    const poll = taskId === undefined ? 0 : this.tasks.countPoll(taskId);
    const { answer, authorised, script, account } = this.#queryOutcome(call, taskId, { ids, nowMs, poll });
    if (!authorised) this.unauthorised += 1;
    const entry: QueryLogEntry = defined({
      number: this.queries.count + 1,
      atMs: nowMs,
      path: call.apiName,
      taskId,
      poll,
      script,
      answered: answer.label,
      wire: answer.wire,
      authorised,
      account,
      scheme: call.scheme,
      trial: call.trial,
      ends: answer.ends,
    });
    this.queries.add(entry);
    this.#options.log?.(
      `query ${entry.number} ${call.apiName} ${taskId ?? '-'} poll ${poll}: ${[answer.label, answer.wire].filter(Boolean).join(', ')}`,
    );
    this.onQuery.emit(entry);
    return answer;
  }

  /** The outage's answer, else the vendor's. An outage that only changes the wire mode applies to refusals too. */
  #queryOutcome(call: GatewayCall, taskId: string | undefined, context: CallContext): Outcome {
    const { ids, nowMs } = context;
    const record = taskId === undefined ? undefined : this.tasks.get(taskId);
    const step = this.#outage?.next(nowMs, record === undefined ? 0 : nowMs - record.model.submittedAtMs);
    if (step === undefined) return this.#vendorOutcome(call, taskId, record, context);
    const script = this.#outage?.name ?? '';
    const refusal = refusalOf(step, { ids, types: this.#types, nowMs, trapUrl: this.trapUrl });
    if (refusal !== undefined) return { answer: refusal, script, authorised: true };
    const outcome = this.#vendorOutcome(call, taskId, record, context, step);
    return { ...outcome, script, answer: { ...outcome.answer, ...defined({ wire: step.wire }) } };
  }

  #vendorOutcome(
    call: GatewayCall,
    taskId: string | undefined,
    record: TaskRecord | undefined,
    { ids, nowMs, poll }: CallContext,
    outageStep?: Step,
  ): Outcome {
    const types = this.#types;
    const { trapUrl, store } = this;
    const admission = this.#admit(call, nowMs);
    if ('refusal' in admission) return { answer: this.#refused(admission.refusal, ids), authorised: false };
    const { name: account } = admission.account;
    const outcome = (answer: EmulatedAnswer): Outcome => ({ answer, authorised: true, account });
    const throttleSeconds = this.#queryLimiter?.admit(account, nowMs);
    if (throttleSeconds !== undefined) {
      const message = 'Api access frequency exceeds the limit. this ban will last {seconds} seconds';
      return outcome(this.#refused({ code: 'ApiCallLimit', type: 'ISP', message }, ids, throttleSeconds));
    }
    const wrongMethod = this.#wrongMethod(call);
    if (wrongMethod !== undefined) return outcome(wrongMethod);
    if (call.apiName === apiNames.balance) {
      if (typeof call.business.apiPath !== 'string') return outcome(this.#invalid('apiPath is required', ids));
      return outcome(jsonAnswer(balanceReply(admission.account.submitsLeft ?? 1000, ids), 'balance'));
    }
    if (!call.isReadable) return outcome(this.#invalid('the body cannot be read', ids));
    if (taskId === undefined) return outcome(this.#invalid('task_id is required', ids));
    const { retentionSeconds = Number.POSITIVE_INFINITY, notFound = 'http404' } = this.#options;
    if (record === undefined || nowMs - record.model.finishedAtMs > retentionSeconds * 1000) {
      return outcome(notFoundAnswer(notFound, taskId, ids, types));
    }
    const step = outageStep ?? record.run?.next(nowMs, nowMs - record.model.submittedAtMs) ?? {};
    const run = outageStep === undefined ? record.run : this.#outage;
    const stepPoll = run?.stepPolls ?? poll;
    const answer = answerQuery(step, record.model, { store, ids, types, nowMs, poll, stepPoll, trapUrl });
    if (answer.ends) this.#noteEnd(record, step, poll, nowMs);
    return { ...outcome(answer), ...defined({ script: run?.name }) };
  }

  #noteEnd(record: TaskRecord, step: Step, poll: number, nowMs: number): void {
    if (record.endServedAtMs !== undefined) return;
    record.endServedAtMs = nowMs;
    const isLive = (step.task?.state ?? 'live') === 'live';
    const { taskId, finishedAtMs } = record.model;
    const event = { taskId, visibleAtMs: isLive ? finishedAtMs : nowMs, servedAtMs: nowMs, poll };
    this.ends.push(event);
    this.onEnd.emit(event);
  }

  #submit(call: GatewayCall, ids: RequestIds, nowMs: number): EmulatedAnswer {
    const { answer, taskId, authorised, account } = this.#submitOutcome(call, ids, nowMs);
    if (!authorised) this.unauthorised += 1;
    const entry: SubmitLogEntry = defined({
      number: this.submits.count + 1,
      atMs: nowMs,
      path: call.apiName,
      taskId,
      answered: answer.label,
      wire: answer.wire,
      authorised,
      account,
    });
    this.submits.add(entry);
    this.#options.log?.(`submit ${entry.number} ${call.apiName}: ${answer.label} ${taskId ?? ''}`.trimEnd());
    this.onSubmit.emit(entry);
    return answer;
  }

  #submitOutcome(call: GatewayCall, ids: RequestIds, nowMs: number): Outcome {
    const types = this.#types;
    const context = { ids, types, nowMs, trapUrl: this.trapUrl };
    const outageStep = this.#outage?.next(nowMs, 0);
    const outageRefusal = outageStep && refusalOf(outageStep, context);
    if (outageRefusal !== undefined) return { answer: outageRefusal, authorised: true };
    const admission = this.#admit(call, nowMs);
    if ('refusal' in admission) return { answer: this.#refused(admission.refusal, ids), authorised: false };
    const { account } = admission;
    const outcome = (answer: EmulatedAnswer): Outcome => ({ answer, authorised: true, account: account.name });
    const wrongMethod = this.#wrongMethod(call);
    if (wrongMethod !== undefined) return outcome(wrongMethod);
    if (this.#submitLimiter?.admit(account.name, nowMs) !== undefined) {
      return outcome(this.#invalid('request rate exceeds the limit', ids, '501'));
    }
    const api = call.apiName === apiNames.submit ? 'tryon' : 'tryon-pro';
    const request = readSubmit(call.business, api, this.#options.imagesPerSubTask ?? 4);
    if (typeof request === 'string') return outcome(this.#invalid(request, ids));
    const step = this.#submitRun?.next(nowMs, 0) ?? outageStep ?? {};
    const refusal = refusalOf(step, context);
    const isAccepted = step.accepted ?? refusal === undefined;
    // Neither accepted nor refused: only the wire mode remains.
    if (!isAccepted) return outcome(refusal ?? jsonAnswer({}, 'nothing', step));
    if (account.submitsLeft !== undefined) this.setAccount(account.name, { submitsLeft: account.submitsLeft - 1 });
    const { taskId } = this.tasks.add({ api, submittedAtMs: nowMs, subTasks: request.subTasks });
    const reply = submitReply(submitData(taskId, step.task), ids, { types, ...step.envelope });
    return { ...outcome(refusal ?? jsonAnswer(reply, 'accepted', step)), taskId };
  }
}
