/** Signals, queries and updates of the workflows. Names are the contract's. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  type ListingTask,
  messages,
  type SetTimeoutInput,
  type Subscriber,
  type TryOnEvent,
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
