/** The emulated vendor behind its HTTP server: accounts, tasks, scripts and what each call is answered. Time is an argument. */
import { type Answer, answerQuery, jsonAnswer, notFoundAnswer, refusalOf } from './answer.js';
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
import { hexOf, uuidOf } from './chance.js';
import { admit, apiNames, type Call, type EmulatedAccount, type RawRequest, readCall } from './gateway.js';
import type { ImageStore } from './images.js';
import { Announcer, BoundedLog, type QueryLogEntry, type SubmitLogEntry } from './journal.js';
import { Limiter } from './limiter.js';
import type { EmulatorOptions } from './options.js';
import { advance, type CompiledScript, type Cursor, compileScript, type Script, startOfScript } from './scripts.js';
import type { Step } from './step.js';
import { readSubmit } from './submit.js';
import { makeTask, type TaskModel, type TaskPlan } from './tasks.js';

/** The end of a task was told for the first time. Times are Unix milliseconds of the vendor's clock. */
export interface EndEvent {
  readonly taskId: string;
  /** From when on a query would have seen it: the task's own end; with a scripted end the same as `servedAtMs`. */
  readonly visibleAtMs: number;
  /** When the query that saw it came in. */
  readonly servedAtMs: number;
  /** Number of that query. */
  readonly poll: number;
}

interface Running {
  readonly script: CompiledScript;
  cursor: Cursor;
}

interface TaskRecord {
  readonly model: TaskModel;
  running?: Running;
  endedAtMs?: number;
}

interface Transition {
  readonly answer: Answer;
  readonly script?: string;
  readonly authorised: boolean;
  readonly account?: string;
}

/** Everything but HTTP. */
export class EmulatedVendor {
  readonly accounts: EmulatedAccount[];
  readonly queries: BoundedLog<QueryLogEntry>;
  readonly submits: BoundedLog<SubmitLogEntry>;
  readonly onQuery = new Announcer<QueryLogEntry>();
  readonly onSubmit = new Announcer<SubmitLogEntry>();
  readonly onEnd = new Announcer<EndEvent>();
  readonly ends: EndEvent[] = [];
  readonly tasks = new Map<string, TaskRecord>();
  readonly seed: number;
  /** Set once the servers listen. */
  store: ImageStore;
  trapUrl = '';
  unauthorised = 0;
  #made = 0;
  #exchanges = 0;
  #outage: Running | undefined;
  #submitScript: Running | undefined;
  readonly #polls = new Map<string, number>();
  readonly #scripts = new Map<string, CompiledScript>();
  readonly #options: EmulatorOptions;
  readonly #types: ScalarTypes;
  readonly #strict: boolean;
  readonly #queryLimiter: Limiter | undefined;
  readonly #submitLimiter: Limiter | undefined;
  readonly #defaultScript: CompiledScript | undefined;

  constructor(options: EmulatorOptions, store: ImageStore) {
    this.#options = options;
    this.seed = options.seed ?? 1;
    this.store = store;
    this.#types = options.types ?? 'text';
    this.#strict = options.strict ?? true;
    const given = options.accounts ?? [{ appKey: '512345', appSecret: hexOf(this.seed, 'secret').slice(0, 32) }];
    this.accounts = given.map((account, index) => ({
      ...account,
      name: account.name ?? (index === 0 ? 'default' : `account-${index + 1}`),
    }));
    this.queries = new BoundedLog(options.logEntries ?? 100_000);
    this.submits = new BoundedLog(options.logEntries ?? 100_000);
    this.#queryLimiter = options.queryRate && new Limiter(options.queryRate);
    this.#submitLimiter = options.submitRate && new Limiter(options.submitRate);
    this.#defaultScript = options.script === undefined ? undefined : compileScript(options.script);
  }

  /** Makes a task; a known id is refused. */
  add(plan: Omit<TaskPlan, 'taskId'> & { readonly taskId?: string }, script?: Script): TaskModel {
    this.#made += 1;
    const taskId = plan.taskId ?? uuidOf(this.seed, 'task', this.#made);
    if (this.tasks.has(taskId)) throw new RangeError(`taskId ${taskId} is in use; give another`);
    const model = makeTask({ ...plan, taskId }, this.#options.distribution ?? {}, this.seed);
    const compiled = script === undefined ? (this.#scripts.get(taskId) ?? this.#defaultScript) : compileScript(script);
    const record: TaskRecord = { model };
    if (compiled !== undefined) record.running = { script: compiled, cursor: startOfScript };
    this.tasks.set(taskId, record);
    return model;
  }

  /** Gives a task a script, from its next query on; one that does not exist yet gets it when it is made. */
  script(taskId: string, script: Script | undefined): void {
    const compiled = script === undefined ? undefined : compileScript(script);
    if (compiled === undefined) this.#scripts.delete(taskId);
    else this.#scripts.set(taskId, compiled);
    const record = this.tasks.get(taskId);
    if (record === undefined) return;
    if (compiled === undefined) delete record.running;
    else record.running = { script: compiled, cursor: startOfScript };
  }

  scriptSubmits(script: Script | undefined): void {
    this.#submitScript = script === undefined ? undefined : { script: compileScript(script), cursor: startOfScript };
  }

  outage(script: Script | undefined): void {
    this.#outage = script === undefined ? undefined : { script: compileScript(script), cursor: startOfScript };
  }

  /** Queries that have named a task, answered well or not. */
  pollsOf(taskId: string): number {
    return this.#polls.get(taskId) ?? 0;
  }

  /** Answers a request, and writes it down. */
  answer(raw: RawRequest, nowMs: number): Answer {
    this.#exchanges += 1;
    const ids = requestIds(nowMs, this.#exchanges);
    const call = readCall(raw);
    const isSubmit = call.apiName === apiNames.submit || call.apiName === apiNames.submitPro;
    return isSubmit ? this.#submit(call, ids, nowMs) : this.#query(call, ids, nowMs);
  }

  #step(running: Running | undefined, nowMs: number, ageMs: number): Step | undefined {
    if (running === undefined) return undefined;
    const { cursor, step } = advance(running.script.steps, running.cursor, { nowMs, ageMs });
    running.cursor = cursor;
    return step;
  }

  #refused(error: GatewayError, ids: RequestIds, seconds?: number): Answer {
    return jsonAnswer(gatewayReply(error, ids, seconds), `gateway:${error.code}`);
  }

  #invalid(message: string, ids: RequestIds, resCode = '700'): Answer {
    const service = { success: false, resCode, resMessage: message };
    return jsonAnswer(serviceReply(undefined, service, ids, { types: this.#types }), `service:${resCode}`);
  }

  #query(call: Call, ids: RequestIds, nowMs: number): Answer {
    const given = call.business.task_id ?? (this.#strict ? undefined : call.business.taskId);
    const taskId = given === undefined || given === '' ? undefined : String(given);
    const poll = taskId === undefined ? 0 : this.pollsOf(taskId) + 1;
    if (taskId !== undefined) this.#polls.set(taskId, poll);
    const told = this.#tell(call, taskId, { ids, nowMs, poll });
    const { answer, authorised, script, account } = told;
    if (!authorised) this.unauthorised += 1;
    const entry: QueryLogEntry = {
      number: this.queries.count + 1,
      atMs: nowMs,
      path: call.apiName,
      ...(taskId === undefined ? {} : { taskId }),
      poll,
      ...(script === undefined ? {} : { script }),
      answered: answer.said,
      ...(answer.wire === undefined ? {} : { wire: answer.wire }),
      authorised,
      ...(account === undefined ? {} : { account }),
      scheme: call.scheme,
      trial: call.trial,
      ends: answer.ends,
    };
    this.queries.add(entry);
    this.#options.log?.(
      `query ${entry.number} ${call.apiName} ${taskId ?? '-'} poll ${poll}: ${[answer.said, answer.wire].filter(Boolean).join(', ')}`,
    );
    this.onQuery.tell(entry);
    return answer;
  }

  #tell(call: Call, taskId: string | undefined, at: { ids: RequestIds; nowMs: number; poll: number }): Transition {
    const record = taskId === undefined ? undefined : this.tasks.get(taskId);
    const outage = this.#step(this.#outage, at.nowMs, record === undefined ? 0 : at.nowMs - record.model.submittedAtMs);
    if (outage === undefined) return this.#judge(call, taskId, record, at);
    const script = this.#outage?.script.name ?? '';
    const { ids, nowMs } = at;
    const early = refusalOf(outage, { ids, types: this.#types, nowMs, trapUrl: this.trapUrl });
    if (early !== undefined) return { answer: early, script, authorised: true };
    const told = this.#judge(call, taskId, record, at, outage);
    const wire = outage.wire === undefined ? {} : { wire: outage.wire }; // also for what the gateway refuses
    return { ...told, script, answer: { ...told.answer, ...wire } };
  }

  #judge(
    call: Call,
    taskId: string | undefined,
    record: TaskRecord | undefined,
    at: { ids: RequestIds; nowMs: number; poll: number },
    outage?: Step,
  ): Transition {
    const { ids, nowMs, poll } = at;
    const types = this.#types;
    const { trapUrl, store } = this;
    const admission = admit(call, this.#rules(nowMs));
    if ('refusal' in admission) return { answer: this.#refused(admission.refusal, ids), authorised: false };
    const { name: account } = admission.account;
    const plain = (answer: Answer): Transition => ({ answer, authorised: true, account });
    const throttleSeconds = this.#queryLimiter?.refuses(account, nowMs);
    if (throttleSeconds !== undefined) {
      const message = 'Api access frequency exceeds the limit. this ban will last {seconds} seconds';
      return plain(this.#refused({ code: 'ApiCallLimit', type: 'ISP', message }, ids, throttleSeconds));
    }
    const isGetFine = this.#options.allowGet ?? !this.#strict;
    if (call.method !== 'POST' && !(call.method === 'GET' && isGetFine)) {
      // What the vendor answers to another method is not documented: a guess.
      return plain({ ...jsonAnswer({}, 'http:405'), status: 405 });
    }
    if (call.apiName === apiNames.balance) {
      if (typeof call.business.apiPath !== 'string') return plain(this.#invalid('apiPath is required', ids));
      return plain(jsonAnswer(balanceReply(admission.account.submitsLeft ?? 1000, ids), 'balance'));
    }
    if (!call.readable) return plain(this.#invalid('the body cannot be read', ids));
    if (taskId === undefined) return plain(this.#invalid('task_id is required', ids));
    const { retentionSeconds = Number.POSITIVE_INFINITY, notFound = 'http404' } = this.#options;
    if (record === undefined || nowMs - record.model.finishedAtMs > retentionSeconds * 1000) {
      return plain(notFoundAnswer(notFound, taskId, ids, types));
    }
    const ageMs = nowMs - record.model.submittedAtMs;
    const step = outage ?? this.#step(record.running, nowMs, ageMs) ?? {};
    const running = outage === undefined ? record.running : this.#outage;
    const nth = running?.cursor.polls ?? poll;
    const answer = answerQuery(step, record.model, { store, ids, types, nowMs, poll, nth, trapUrl });
    if (answer.ends && record.endedAtMs === undefined) this.#ended(record, step, poll, nowMs);
    return { ...plain(answer), ...(running === undefined ? {} : { script: running.script.name }) };
  }

  #ended(record: TaskRecord, step: Step, poll: number, nowMs: number): void {
    record.endedAtMs = nowMs;
    const isLive = (step.task?.state ?? 'live') === 'live';
    const { taskId, finishedAtMs } = record.model;
    const event = { taskId, visibleAtMs: isLive ? finishedAtMs : nowMs, servedAtMs: nowMs, poll };
    this.ends.push(event);
    this.onEnd.tell(event);
  }

  #submit(call: Call, ids: RequestIds, nowMs: number): Answer {
    const told = this.#take(call, ids, nowMs);
    const { answer, taskId, authorised, account } = told;
    if (!authorised) this.unauthorised += 1;
    const entry: SubmitLogEntry = {
      number: this.submits.count + 1,
      atMs: nowMs,
      path: call.apiName,
      ...(taskId === undefined ? {} : { taskId }),
      answered: answer.said,
      ...(answer.wire === undefined ? {} : { wire: answer.wire }),
      authorised,
      ...(account === undefined ? {} : { account }),
    };
    this.submits.add(entry);
    this.#options.log?.(`submit ${entry.number} ${call.apiName}: ${answer.said} ${taskId ?? ''}`.trimEnd());
    this.onSubmit.tell(entry);
    return answer;
  }

  #take(call: Call, ids: RequestIds, nowMs: number): Transition & { readonly taskId?: string } {
    const types = this.#types;
    const say = { ids, types, nowMs, trapUrl: this.trapUrl };
    const outage = this.#step(this.#outage, nowMs, 0);
    const early = outage && refusalOf(outage, say);
    if (early !== undefined) return { answer: early, authorised: true };
    const admission = admit(call, this.#rules(nowMs));
    if ('refusal' in admission) return { answer: this.#refused(admission.refusal, ids), authorised: false };
    const { account } = admission;
    const known = { authorised: true, account: account.name };
    if (this.#submitLimiter?.refuses(account.name, nowMs) !== undefined) {
      return { answer: this.#invalid('request rate exceeds the limit', ids, '501'), ...known };
    }
    const api = call.apiName === apiNames.submit ? 'tryon' : 'tryon-pro';
    const request = readSubmit(call.business, api, this.#options.imagesPerSubTask ?? 4);
    if (typeof request === 'string') return { answer: this.#invalid(request, ids), ...known };
    const step = this.#step(this.#submitScript, nowMs, 0) ?? outage ?? {};
    const refusal = refusalOf(step, say);
    if (!(step.accepted ?? refusal === undefined)) {
      // Not accepted, and yet no refusal to tell: only the fault of the wire is left to be seen.
      return { answer: refusal ?? jsonAnswer({}, 'nothing', step), ...known };
    }
    if (account.submitsLeft !== undefined) this.setAccount(account.name, { submitsLeft: account.submitsLeft - 1 });
    const { taskId } = this.add({ api, submittedAtMs: nowMs, subTasks: request.subTasks });
    const accepted = jsonAnswer(submitReply(taskId, ids, { types, ...step.envelope }), 'accepted', step);
    return { answer: refusal ?? accepted, taskId, ...known };
  }

  /** Changes an account, known by name or key. */
  setAccount(nameOrKey: string, change: Partial<EmulatedAccount>): EmulatedAccount {
    const index = this.accounts.findIndex(({ name, appKey }) => name === nameOrKey || appKey === nameOrKey);
    const account = this.accounts[index];
    if (account === undefined) throw new RangeError('no account has that name or key');
    const changed = { ...account, ...change };
    this.accounts[index] = changed;
    return changed;
  }

  #rules(nowMs: number): Parameters<typeof admit>[1] {
    const { timeWindowSeconds = 7200 } = this.#options;
    return { accounts: this.accounts, nowMs, timeWindowSeconds, strict: this.#strict };
  }
}
