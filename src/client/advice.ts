/** Finds the table row of an error, with its description and remedy. Pure. */
import type { TryOnError } from '../contract.js';
import { faultRow, gatewayRow } from '../poll/classify.js';
import type { CodeRow, TransportCode, VendorApi } from '../poll/reply.js';

/** Rows of our own codes, which no reply carries. */
const ownCodes: Readonly<Record<string, CodeRow>> = {
  NoWorker: {
    class: 'transient',
    description: 'no worker polled the vendor',
    remedy: 'start a worker that has the key of the account',
  },
  Paused: {
    class: 'transient',
    description: 'an operator paused the polling activity past the deadline',
    remedy: 'start the wait again',
  },
  WrongTask: {
    class: 'transient',
    description: 'the reply is about another task',
    remedy: 'set AIDGE_ACCEPT_OTHER_TASK_ID=true if every reply of the vendor is like this',
  },
  NotFound: {
    class: 'notFound',
    description: 'the vendor does not know the task',
    remedy: 'check the task id and the account',
  },
  EmptyResult: {
    class: 'failed',
    description: 'a finished task without images',
    remedy: 'contact the vendor with the task id',
  },
};

/** The row of an error's code; `undefined` for a code that no table has. */
export function rowOfError({ layer, code }: TryOnError, api: VendorApi): CodeRow | undefined {
  if (Object.hasOwn(ownCodes, code)) return ownCodes[code];
  switch (layer) {
    case 'gateway':
      return gatewayRow(api, code);
    case 'service':
      return Object.hasOwn(api.serviceCodes, code) ? api.serviceCodes[code] : undefined;
    case 'transport':
      return faultRow(api, code as TransportCode);
    case 'task':
      return api.taskCodes !== undefined && Object.hasOwn(api.taskCodes, code) ? api.taskCodes[code] : undefined;
    default:
      return layer satisfies never;
  }
}
