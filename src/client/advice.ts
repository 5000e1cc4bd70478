/** What a person should do about errors: looked up in the tables by which replies are judged. Pure. */
import type { TryOnError } from '../contract.js';
import { faultRow, gatewayRow } from '../poll/classify.js';
import type { CodeRow, TransportCode, VendorApi } from '../poll/reply.js';

/** Rows for our own codes, which no reply carries. */
const ownCodes: Readonly<Record<string, CodeRow>> = {
  NoWorker: {
    class: 'transient',
    description: 'no worker asked the vendor',
    remedy: 'start a worker that has the key of the account',
  },
  WrongTask: {
    class: 'transient',
    description: 'the reply is about another task',
    remedy: 'set AIDGE_ACCEPT_OTHER_TASK_ID=true if the vendor always answers so',
  },
  NotFound: {
    class: 'notFound',
    description: 'the vendor does not know the task',
    remedy: 'check the task id and the account',
  },
  EmptyResult: {
    class: 'failed',
    description: 'a finished task without images',
    remedy: 'ask the vendor with the task id',
  },
};

/** The row that knows an error's code. */
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
      return undefined;
    default:
      return layer satisfies never;
  }
}
