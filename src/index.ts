/**
 * Entry `temporal-tryon`: the contract, the client, the activities, the worker plugin and the vendor client. Runs in Node.js and never loads
 * `@temporalio/worker`. Workflows import `temporal-tryon/workflow`.
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
export type { ReadOptions } from './client/away.js';
export {
  createTryOnClient,
  type EndedWait,
  type RunningWait,
  type StartedWait,
  type SubscribedWait,
  type TryOnClient,
  type TryOnClientOptions,
} from './client/client.js';
export type { ConnectTryOnOptions } from './client/connect.js';
export { TryOnClientError, type TryOnClientErrorCode, TryOnInputError } from './client/errors.js';
export type { EventsOptions, TryOnChange } from './client/events.js';
export { type ImageUrlConcern, imageUrlConcernDescriptions, imageUrlConcerns } from './client/image-url.js';
export type { JobClient, ParkedJob, StartedJob } from './client/jobs.js';
export type { ListedWait, ListOptions } from './client/list.js';
export type { ListingClient, StartedListing } from './client/listing.js';
export type { PendingPoll, TryOnWaitStatus, WaitStatusName } from './client/status.js';
export type { CodecKeySource, CodecKeys, CodecKeysRead } from './codec/keys.js';
export {
  createEncryptionCodec,
  type DataConverterRead,
  type EncryptionCodecOptions,
  readDataConverter,
} from './codec/payload-codec.js';
export {
  type ApiName,
  type ArchivedImage,
  ArchivedImageSchema,
  type ArchiveError,
  type ArchiveErrorCode,
  ArchiveErrorSchema,
  accountFor,
  apiVendors,
  archiveErrorCodes,
  archiveTaskQueue,
  contractSchemas,
  defaults,
  failureTypes,
  type JobStatus,
  jobStatuses,
  jobWorkflowId,
  type ListingImage,
  ListingImageSchema,
  type ListingTask,
  type ListingTaskById,
  type ListingTaskByRequest,
  ListingTaskSchema,
  limits,
  listingWorkflowId,
  messages,
  type OutcomeStatus,
  outcomeStatuses,
  type ResolveSubmission,
  ResolveSubmissionSchema,
  resultsWorkflowId,
  type SetTimeoutInput,
  SetTimeoutSchema,
  type Subscriber,
  SubscriberSchema,
  type SubscriberStatus,
  SubscriberStatusSchema,
  type SubTask,
  SubTaskSchema,
  type SubTaskStatus,
  searchAttributes,
  submitTaskQueue,
  type TryOnError,
  TryOnErrorSchema,
  type TryOnEvent,
  type TryOnEventOutcome,
  TryOnEventOutcomeSchema,
  TryOnEventSchema,
  type TryOnImage,
  TryOnImageSchema,
  type TryOnJobEvent,
  type TryOnJobEventResult,
  TryOnJobEventResultSchema,
  TryOnJobEventSchema,
  type TryOnJobInput,
  TryOnJobInputSchema,
  type TryOnJobResult,
  TryOnJobResultSchema,
  type TryOnJobStatus,
  TryOnJobStatusSchema,
  type TryOnListingInput,
  TryOnListingInputSchema,
  type TryOnListingResult,
  TryOnListingResultSchema,
  type TryOnListingStatus,
  TryOnListingStatusSchema,
  type TryOnOutcome,
  TryOnOutcomeSchema,
  type TryOnResultsInput,
  TryOnResultsInputSchema,
  type TryOnStatus,
  TryOnStatusSchema,
  type TryOnSubmission,
  TryOnSubmissionSchema,
  type Unsubscribe,
  UnsubscribeSchema,
  type VendorName,
  vendorTaskQueue,
  type WebhookError,
  WebhookErrorSchema,
  type WebhookSubscriber,
  type WorkflowSubscriber,
  webhookTaskQueue,
  webhookWorkflowId,
  workflowTypes,
} from './contract.js';
export { createTryOnNexusService, type TryOnNexusServiceOptions } from './nexus/service.js';
export type {
  Answer,
  CodeRow,
  ErrorClass,
  Fault,
  HttpFacts,
  ImageIds,
  PollImage,
  Reply,
  SubTaskReply,
  TaskReply,
  TransportCode,
  VendorApi,
} from './poll/reply.js';
export type { Why } from './poll/step.js';
export {
  type Account,
  type Accounts,
  type Environment,
  NoKeyError,
  readAccounts,
} from './providers/accounts.js';
export { tryOnApi } from './providers/aidge/tryon.js';
export { apiOf } from './providers/apis.js';
export type { Credentials } from './providers/auth.js';
export {
  createVendorClient,
  type SubmitResult,
  UnknownApiError,
  type VendorClient,
  type VendorClientOptions,
  type VendorLimits,
  type VendorRequest,
  vendorLimits,
  WrongVendorError,
} from './providers/client.js';
export type { ApiCall, ApiDescriptor, ApiFacts } from './providers/descriptor.js';
export type { HttpProxy } from './providers/proxy.js';
export type { DurationGuess, DurationModel, PhaseModels } from './schedule/distribution.js';
export { vendorQueueRate } from './schedule/poll-cost.js';
export type { SchedulePolicy } from './schedule/schedule.js';
export { startTracing, type Tracing, type TracingOptions } from './telemetry/tracing.js';
export type { Explanation } from './wait/explain.js';
export { TryOnPlugin, type TryOnPluginOptions } from './worker/plugin.js';
export { type TryOnStatusInput, tryOnNexusService } from './workflows/nexus-service.js';
