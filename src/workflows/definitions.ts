/** Signals, queries and updates of the workflows. Names are the contract's. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  type ListingTask,
  messages,
  type ResolveSubmission,
  type SetTimeoutInput,
  type Subscriber,
  type TryOnEvent,
  type TryOnJobStatus,
  type TryOnListingStatus,
  type TryOnStatus,
  type Unsubscribe,
} from '../contract.js';

/** Sent to parents and other subscribers of a wait. */
export const tryOnEvent = defineSignal<[TryOnEvent]>(messages.event);
/** Subscribes to a wait from workflow code; answered by a `snapshot` event. */
export const tryOnSubscribe = defineSignal<[Subscriber]>(messages.subscribeSignal);
/** Ends a subscription from workflow code. */
export const tryOnUnsubscribe = defineSignal<[Unsubscribe]>(messages.unsubscribeSignal);
/** Asks a wait for its state. */
export const tryOnStatus = defineQuery<TryOnStatus>(messages.status);
/** Subscribes to a wait and answers its state, with all images so far. */
export const subscribe = defineUpdate<TryOnStatus, [Subscriber]>(messages.subscribe);
/** Ends a subscription. */
export const unsubscribe = defineUpdate<TryOnStatus, [Unsubscribe]>(messages.unsubscribe);
/** Polls at once, at most once a second and never inside a pause that the vendor ordered. */
export const pollNow = defineUpdate<TryOnStatus>(messages.pollNow);
/** Moves the deadline, counted from now. The update's name is `setTimeout`. */
export const setWaitTimeout = defineUpdate<TryOnStatus, [SetTimeoutInput]>(messages.setTimeout);
/** Asks a listing for its state. */
export const tryOnListingStatus = defineQuery<TryOnListingStatus>(messages.listingStatus);
/** Adds a task to a running listing; a known one changes nothing. */
export const addTask = defineUpdate<TryOnListingStatus, [ListingTask]>(messages.addTask);
/** Asks a job for its state. */
export const tryOnJobStatus = defineQuery<TryOnJobStatus>(messages.jobStatus);
/** Says how a job that may have been submitted goes on. */
export const resolveSubmission = defineUpdate<TryOnJobStatus, [ResolveSubmission]>(messages.resolveSubmission);
/** Subscribes to a job. On the wire as {@link subscribe}, whose answer is a wait's. */
export const subscribeToJob = defineUpdate<TryOnJobStatus, [Subscriber]>(messages.subscribe);
/** Ends a subscription to a job. */
export const unsubscribeFromJob = defineUpdate<TryOnJobStatus, [Unsubscribe]>(messages.unsubscribe);
/** Has a job's wait poll at once. */
export const pollJobNow = defineUpdate<TryOnJobStatus>(messages.pollNow);
/** Moves a job's deadline, counted from now. */
export const setJobTimeout = defineUpdate<TryOnJobStatus, [SetTimeoutInput]>(messages.setTimeout);
