/** An emulator of the vendor, for tests, trials and benchmarks. Runs in Node.js; not for workflows. */
export { type AccountOptions, defaultAccounts, type EmulatedAccount } from './emulator/accounts.js';
export { type Behaviour, type BehaviourName, behaviours } from './emulator/behaviours.js';
export type { EnvelopeStyle, GatewayError, ScalarTypes, ServiceFields } from './emulator/bodies.js';
export type { TaskDurations } from './emulator/durations.js';
export type { Emulator, EmulatorStats, NewTask, RotatedKeys } from './emulator/emulator.js';
export type { RateLimit } from './emulator/limiter.js';
export type { EmulatorOptions } from './emulator/options.js';
export type { CancelLogEntry, QueryLogEntry, Scheme, SubmitLogEntry } from './emulator/request-log.js';
export { type CompiledScript, compileScript, type Script, type ScriptStep } from './emulator/scripts.js';
export { startEmulator } from './emulator/server.js';
export type { HttpAnswer, NotFoundAnswer, Step, StepLimit, TaskView, WireMode } from './emulator/step.js';
export type { SubTaskModel, TaskModel } from './emulator/tasks.js';
export type { EndEvent } from './emulator/vendor.js';
