/**
 * Entry `temporal-tryon`: the contract, the client for services, the activities for one's own worker, the vendor's client. Runs in
 * Node.js and never loads `@temporalio/worker`; workflows take `temporal-tryon/workflow`.
 */
export {
  createTryOnActivities,
  type TryOnActivities,
  type TryOnDeps,
  type Vendor,
} from './activities/index.js';
export type { ServerClock } from './activities/server-clock.js';
export { type Checked, check } from './check.js';
export type { Abortable } from './client/abortable.js';
export {
  createTryOnClient,
  type StartedWait,
  type TryOnClient,
  type TryOnClientOptions,
} from './client/client.js';
export type { ConnectTryOnOptions } from './client/connect.js';
export { TryOnClientError, type TryOnClientErrorCode, TryOnInputError } from './client/errors.js';
export type { EventsOptions, TryOnChange } from './client/events.js';
export { type ImageUrlConcern, imageUrlConcernDescriptions, imageUrlConcerns } from './client/image-url.js';
export type { ListedWait, ListOptions } from './client/list.js';
export type { ListingClient, StartedListing } from './client/listing.js';
export type { PendingPoll, TryOnWaitStatus, WaitState } from './client/status.js';
export type { CodecKeySource, CodecKeys, CodecKeysRead } from './codec/keys.js';
export {
  createEncryptionCodec,
  type DataConverterRead,
  type EncryptionCodecOptions,
  readDataConverter,
} from './codec/payload-codec.js';
export * from './contract.js';
export { createTryOnNexusService } from './nexus/service.js';
export type { Why } from './poll/decide.js';
export type {
  Answer,
  CodeRow,
  ErrorClass,
  Fault,
  HttpFacts,
  Reply,
  SubTaskReply,
  TaskReply,
  TransportCode,
  VendorApi,
} from './poll/reply.js';
export {
  type Account,
  type Accounts,
  type Credentials,
  type Environment,
  NoKeyError,
  readAccounts,
} from './providers/accounts.js';
export { tryOnApi } from './providers/aidge/tryon.js';
export {
  createVendorClient,
  type SubmitResult,
  type VendorClient,
  type VendorClientOptions,
  type VendorLimits,
  vendorLimits,
} from './providers/client.js';
export type { DurationModel, PhaseModels } from './schedule/distribution.js';
export { vendorQueueRate } from './schedule/poll-cost.js';
export type { SchedulePolicy } from './schedule/schedule.js';
export { startTracing, type Tracing, type TracingOptions } from './telemetry/tracing.js';
export type { Explanation } from './wait/explain.js';
export { TryOnPlugin, type TryOnPluginOptions } from './worker/plugin.js';
export { type TryOnStatusInput, tryOnNexusService } from './workflows/nexus-service.js';
