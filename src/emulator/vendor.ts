/** The emulated vendors without their HTTP server: accounts, tasks, scripts, and the answer to each call. Time is an argument. */
import { defined } from '../defined.js';
import { defaultAccounts, type EmulatedAccount, keysOf, namedAccounts, vendorOf } from './accounts.js';
import { type EmulatedAnswer, jsonAnswer } from './answer.js';
import { requestIds, type ScalarTypes } from './bodies.js';
import type { Admission, Face, FaceCall, FaceContext } from './faces/face.js';
import { faces } from './faces/faces.js';
import { checkSteps } from './faces/features.js';
import type { RawRequest } from './gateway.js';
import { defaultImageTtlSeconds, type ImageStore } from './images.js';
import { Limiter } from './limiter.js';
import type { EmulatorOptions } from './options.js';
import { BoundedLog, type CancelLogEntry, Emitter, type QueryLogEntry, type SubmitLogEntry } from './request-log.js';
import { type CompiledScript, compileScript, type Script, ScriptRun } from './scripts.js';
import type { Step } from './step.js';
import { type TaskRecord, TaskStore } from './task-store.js';
import { snapshotOf } from './tasks.js';

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

/** The keys of an account. */
type KeysOfAccount = Pick<EmulatedAccount, 'appKey' | 'appSecret' | 'apiKey' | 'accessKeyId' | 'accessKeySecret'>;

/** An answer, and what the log says about it. */
interface Outcome {
  readonly answer: EmulatedAnswer;
  readonly taskId?: string;
  readonly script?: string;
  readonly authorised: boolean;
  readonly account?: string;
}

/** A call and the face that has read it. */
interface Incoming {
  readonly face: Face;
  readonly call: FaceCall;
  readonly context: FaceContext;
  /** Number of this query of the task, from 1; 0 if the call names no task. */
  readonly poll: number;
}

/** See the file's description. */
export class EmulatedVendor {
  readonly accounts: EmulatedAccount[];
  readonly tasks: TaskStore;
  readonly queries: BoundedLog<QueryLogEntry>;
  readonly submits: BoundedLog<SubmitLogEntry>;
  readonly cancels: BoundedLog<CancelLogEntry>;
  readonly onQuery = new Emitter<QueryLogEntry>();
  readonly onSubmit = new Emitter<SubmitLogEntry>();
  readonly onCancel = new Emitter<CancelLogEntry>();
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
  /** The faces of the accounts that the options name. A script that one of them cannot show is refused. */
  readonly #namedFaces: readonly Face[];
  readonly #queryLimiter: Limiter | undefined;
  readonly #submitLimiter: Limiter | undefined;

  constructor(options: EmulatorOptions, store: ImageStore) {
    const { seed } = store;
    this.#options = options;
    this.store = store;
    this.#types = options.types ?? 'text';
    this.#strict = options.strict ?? true;
    this.accounts = namedAccounts(options.accounts ?? defaultAccounts(seed));
    const vendors = options.accounts === undefined ? [] : this.accounts.map(vendorOf);
    this.#namedFaces = faces.filter(({ vendor }) => vendor !== 'aidge' && vendors.includes(vendor));
    if (options.script !== undefined) this.#compiled(options.script);
    this.tasks = new TaskStore(seed, options.distribution ?? {}, options.script);
    this.queries = new BoundedLog(options.logEntries ?? 100_000);
    this.submits = new BoundedLog(options.logEntries ?? 100_000);
    this.cancels = new BoundedLog(options.logEntries ?? 100_000);
    this.#queryLimiter = options.queryRate && new Limiter(options.queryRate);
    this.#submitLimiter = options.submitRate && new Limiter(options.submitRate);
    this.scriptSubmits(options.submitScript);
  }

  /** A script for all vendors. */
  #compiled(script: Script): CompiledScript {
    const compiled = compileScript(script);
    for (const { apis, limits = {} } of this.#namedFaces) checkSteps(compiled.steps, limits, apis.join(', '));
    return compiled;
  }

  scriptSubmits(script: Script | undefined): void {
    this.#submitRun = script === undefined ? undefined : new ScriptRun(this.#compiled(script));
  }

  outage(script: Script | undefined): void {
    this.#outage = script === undefined ? undefined : new ScriptRun(this.#compiled(script));
  }

  /** Changes an account, named by name or key. */
  setAccount(nameOrKey: string, change: Partial<EmulatedAccount>): EmulatedAccount {
    const index = this.accounts.findIndex(({ name, appKey, apiKey, accessKeyId }) =>
      [name, appKey, apiKey, accessKeyId].includes(nameOrKey),
    );
    const account = this.accounts[index];
    if (account === undefined) throw new RangeError('no account has that name or key');
    const changed = { ...account, ...change };
    this.accounts[index] = changed;
    return changed;
  }

  /** Gives an account new secrets; returns its keys. `rotation`: a number that no other rotation has. */
  rotateKey(nameOrKey: string, rotation: number): KeysOfAccount {
    const present = this.setAccount(nameOrKey, {});
    const fresh = Object.entries(keysOf(vendorOf(present), this.store.seed, rotation));
    const keys = Object.fromEntries(fresh.filter(([kind]) => present[kind as keyof EmulatedAccount] !== undefined));
    const { appKey, appSecret, apiKey, accessKeyId, accessKeySecret } = this.setAccount(nameOrKey, keys);
    return defined({ appKey, appSecret, apiKey, accessKeyId, accessKeySecret });
  }

  /** Answers a request and logs it. */
  answer(raw: RawRequest, nowMs: number): EmulatedAnswer {
    this.#exchanges += 1;
    const ids = requestIds(nowMs, this.#exchanges);
    const context: FaceContext = { ids, types: this.#types, nowMs, trapUrl: this.trapUrl };
    for (const face of faces) {
      const call = face.read(raw, this.#strict);
      if (call === undefined) continue;
      const isQuery = call.operation === 'query';
      const poll = isQuery && call.taskId !== undefined ? this.tasks.countPoll(call.taskId) : 0;
      const incoming: Incoming = { face, call, context, poll };
      if (isQuery) return this.#query(incoming);
      return call.operation === 'submit' ? this.#submit(incoming) : this.#cancel(incoming);
    }
    throw new Error('no face has read the request'); // the last one reads every request
  }

  #admit({ face, call, context }: Incoming): Admission {
    const accounts = this.accounts.filter((account) => vendorOf(account) === face.vendor);
    const { timeWindowSeconds } = this.#options;
    const rules = { accounts, nowMs: context.nowMs, strict: this.#strict, ...defined({ timeWindowSeconds }) };
    return call.admit(rules, context);
  }

  /** The task of a call, if this account can see it by this face. */
  #record({ face, call, context }: Incoming, account: EmulatedAccount): TaskRecord | undefined {
    const record = call.taskId === undefined ? undefined : this.tasks.get(call.taskId);
    if (record === undefined || !face.apis.includes(record.model.api)) return undefined;
    if (face.hidesTasks && record.account !== undefined && record.account !== account.name) return undefined;
    const { retentionSeconds = face.retentionSeconds ?? Number.POSITIVE_INFINITY } = this.#options;
    return context.nowMs - record.model.finishedAtMs > retentionSeconds * 1000 ? undefined : record;
  }

  /** What all log entries have. */
  #entry({ face, call, context }: Incoming, number: number, { answer, authorised, account }: Outcome) {
    if (!authorised) this.unauthorised += 1;
    const { api, path } = call;
    const answered = answer.label;
    return defined({
      ...{ number, atMs: context.nowMs, api, vendor: face.vendor, path, answered, authorised },
      wire: answer.wire,
      account,
    });
  }

  #query(incoming: Incoming): EmulatedAnswer {
    const { call, poll } = incoming;
    const { taskId, scheme, trial } = call;
    const outcome = this.#queryOutcome(incoming);
    const { answer, script } = outcome;
    const entry: QueryLogEntry = {
      ...this.#entry(incoming, this.queries.count + 1, outcome),
      ...defined({ taskId, poll, script, scheme, trial, ends: answer.ends }),
    };
    this.queries.add(entry);
    this.#options.log?.(
      `query ${entry.number} ${call.path} ${taskId ?? '-'} poll ${poll}: ${[answer.label, answer.wire].filter(Boolean).join(', ')}`,
    );
    this.onQuery.emit(entry);
    return answer;
  }

  /** The outage's answer, else the vendor's. An outage that only changes the wire mode applies to refusals too. */
  #queryOutcome(incoming: Incoming): Outcome {
    const { face, call, context } = incoming;
    const { nowMs } = context;
    const record = call.taskId === undefined ? undefined : this.tasks.get(call.taskId);
    const step = this.#outage?.next(nowMs, record === undefined ? 0 : nowMs - record.model.submittedAtMs);
    if (step === undefined) return this.#vendorOutcome(incoming);
    const script = this.#outage?.name ?? '';
    const refusal = face.refusal(step, context, call.taskId);
    if (refusal !== undefined) return { answer: refusal, script, authorised: true };
    const outcome = this.#vendorOutcome(incoming, step);
    return { ...outcome, script, answer: { ...outcome.answer, ...defined({ wire: step.wire }) } };
  }

  #vendorOutcome(incoming: Incoming, outageStep?: Step): Outcome {
    const { face, call, context, poll } = incoming;
    const { nowMs } = context;
    const { taskId = '' } = call;
    const admission = this.#admit(incoming);
    if ('refusal' in admission) return { answer: admission.refusal, authorised: false };
    const { account } = admission;
    const outcome = (answer: EmulatedAnswer): Outcome => ({ answer, authorised: true, account: account.name });
    const throttleSeconds = this.#queryLimiter?.admit(`${face.vendor}/${account.name}`, nowMs);
    if (throttleSeconds !== undefined) return outcome(face.throttled(true, throttleSeconds, context));
    const refused = call.check(account, context);
    if (refused !== undefined) return outcome(refused);
    const record = this.#record(incoming, account);
    if (record === undefined) return outcome(face.notFound(this.#options.notFound, taskId, context));
    const step = outageStep ?? record.run?.next(nowMs, nowMs - record.model.submittedAtMs) ?? {};
    const run = outageStep === undefined ? record.run : this.#outage;
    const stepPoll = run?.stepPolls ?? poll;
    const { imageTtlSeconds: ttlSeconds = face.imageTtlSeconds ?? defaultImageTtlSeconds } = this.#options;
    const shown = { ...context, store: { ...this.store, ttlSeconds }, poll, stepPoll };
    const answer =
      face.refusal(step, context, taskId) ??
      (step.notFound === undefined
        ? face.query(step, record.model, shown)
        : face.notFound(step.notFound, taskId, context));
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

  #submit(incoming: Incoming): EmulatedAnswer {
    const outcome = this.#submitOutcome(incoming);
    const { answer, taskId } = outcome;
    const entry: SubmitLogEntry = {
      ...this.#entry(incoming, this.submits.count + 1, outcome),
      ...defined({ taskId }),
    };
    this.submits.add(entry);
    this.#options.log?.(`submit ${entry.number} ${entry.path}: ${answer.label} ${taskId ?? ''}`.trimEnd());
    this.onSubmit.emit(entry);
    return answer;
  }

  /** The account of a call that is no query, or the answer that comes before its task is concerned. */
  #begin(incoming: Incoming, outageStep: Step | undefined): Outcome | { readonly account: EmulatedAccount } {
    const { face, call, context } = incoming;
    const outageRefusal = outageStep && face.refusal(outageStep, context);
    if (outageRefusal !== undefined) return { answer: outageRefusal, authorised: true };
    const admission = this.#admit(incoming);
    if ('refusal' in admission) return { answer: admission.refusal, authorised: false };
    const { account } = admission;
    const refused = call.check(account, context);
    return refused === undefined ? { account } : { answer: refused, authorised: true, account: account.name };
  }

  #submitOutcome(incoming: Incoming): Outcome {
    const { face, call, context } = incoming;
    const { nowMs } = context;
    const outageStep = this.#outage?.next(nowMs, 0);
    const begun = this.#begin(incoming, outageStep);
    if ('answer' in begun) return begun;
    const { account } = begun;
    const outcome = (answer: EmulatedAnswer): Outcome => ({ answer, authorised: true, account: account.name });
    const throttleSeconds = this.#submitLimiter?.admit(`${face.vendor}/${account.name}`, nowMs);
    if (throttleSeconds !== undefined) return outcome(face.throttled(false, throttleSeconds, context));
    const request = call.newTask(this.#options.imagesPerSubTask ?? face.usual?.images ?? 4);
    if (typeof request === 'string') return outcome(face.invalid(request, context));
    const step = this.#submitRun?.next(nowMs, 0) ?? outageStep ?? {};
    const refusal = face.refusal(step, context);
    const isAccepted = step.accepted ?? refusal === undefined;
    // Neither accepted nor refused: only the wire mode remains.
    if (!isAccepted) return outcome(refusal ?? jsonAnswer({}, 'nothing', step));
    if (account.submitsLeft !== undefined) this.setAccount(account.name, { submitsLeft: account.submitsLeft - 1 });
    const plan = { api: call.api, submittedAtMs: nowMs, subTasks: request.subTasks };
    const { taskId } = this.tasks.add(plan, undefined, account.name);
    return { ...outcome(refusal ?? face.submitted(taskId, step, context)), taskId };
  }

  #cancel(incoming: Incoming): EmulatedAnswer {
    const { answer, isDone = false, ...outcome } = this.#cancelOutcome(incoming);
    const { taskId } = incoming.call;
    const entry: CancelLogEntry = {
      ...this.#entry(incoming, this.cancels.count + 1, { answer, ...outcome }),
      ...defined({ taskId, cancelled: isDone }),
    };
    this.cancels.add(entry);
    this.#options.log?.(`cancel ${entry.number} ${entry.path}: ${answer.label}`);
    this.onCancel.emit(entry);
    return answer;
  }

  #cancelOutcome(incoming: Incoming): Outcome & { readonly isDone?: boolean } {
    const { face, call, context } = incoming;
    const { nowMs } = context;
    const { taskId = '' } = call;
    const begun = this.#begin(incoming, this.#outage?.next(nowMs, 0));
    if ('answer' in begun) return begun;
    const { account } = begun;
    const record = this.#record(incoming, account);
    const isDone = record !== undefined && isPending(record, nowMs);
    if (record !== undefined && isDone) record.model = { ...record.model, cancelledAtMs: nowMs };
    const answer = face.cancelled?.(isDone, taskId, context) ?? face.notFound(undefined, taskId, context);
    return { answer, authorised: true, account: account.name, isDone };
  }
}

/** Whether a task has not begun, by its script, else by its clock. */
function isPending({ model, run }: TaskRecord, nowMs: number): boolean {
  const view = run?.current?.task ?? {};
  return model.cancelledAtMs === undefined && snapshotOf(model, view, nowMs, 1).status === 'submitted';
}
