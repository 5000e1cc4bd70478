/** Lists the deliveries to webhooks that are not done, and has given-up events sent again. */
import type { Client } from '@temporalio/client';
import { messages, webhookWorkflowId, workflowTypes } from '../contract.js';
import { defined } from '../defined.js';
import { firstLine } from '../error-text.js';
import { timestampMs } from '../temporal/grpc.js';
import { quoted } from '../temporal/visibility.js';
import type { DeliveryStatus } from '../webhook/delivery.js';

/** The delivery of one wait's events to one webhook, while it is not done. */
export interface ListedDelivery {
  /** `<webhook>-<waitId>`. */
  readonly id: string;
  readonly webhook: string;
  readonly waitId: string;
  /** `unknown`: no worker answered. */
  readonly state: DeliveryStatus['state'] | 'unknown';
  /** RFC 3339. */
  readonly startedAt: string;
  readonly taskId?: string;
  readonly requestId?: string;
  /** Events that are tried or wait for their turn, and those that were given up; 100 of each at most. */
  readonly pending?: DeliveryStatus['pending'];
  readonly givenUp?: DeliveryStatus['givenUp'];
  /** The last try of the event whose turn it is. */
  readonly lastTry?: { readonly attempt: number; readonly message?: string; readonly nextAt?: string };
}

const ANSWER_WITHIN_MS = 10_000;
const prefix = webhookWorkflowId('', '').slice(0, -1);
const idForm = /^([a-z0-9-]{1,40})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

async function listed(client: Client, workflowId: string, startTime: Date): Promise<ListedDelivery | undefined> {
  const id = workflowId.slice(prefix.length);
  const [, webhook, waitId] = idForm.exec(id) ?? [];
  if (webhook === undefined || waitId === undefined) return undefined;
  const handle = client.workflow.getHandle(workflowId);
  const within = <T>(work: () => Promise<T>): Promise<T | undefined> =>
    client.withDeadline(Date.now() + ANSWER_WITHIN_MS, work).catch(() => undefined);
  const [status, description] = await Promise.all([
    within(() => handle.query<DeliveryStatus>(messages.webhookStatus)),
    within(() => handle.describe()),
  ]);
  const [activity] = description?.raw.pendingActivities ?? [];
  const nextMs = timestampMs(activity?.scheduledTime);
  const message = activity?.lastFailure?.message;
  return {
    id,
    webhook,
    waitId,
    state: 'unknown',
    startedAt: startTime.toISOString(),
    ...status,
    ...(activity?.attempt && {
      lastTry: {
        attempt: activity.attempt,
        ...defined({
          message: message ? firstLine(new Error(message)) : undefined,
          nextAt: nextMs === undefined ? undefined : new Date(nextMs).toISOString(),
        }),
      },
    }),
  };
}

/**
 * Lists deliveries that are not done, newest first. Visibility is about a second behind.
 * @param options - `webhook`: only those to it; `limit`: default 100
 */
export async function* listDeliveries(
  client: Client,
  { webhook, limit = 100 }: { readonly webhook?: string; readonly limit?: number } = {},
): AsyncGenerator<ListedDelivery, void, undefined> {
  const ofWebhook = webhook === undefined ? '' : ` AND WorkflowId STARTS_WITH ${quoted(`${prefix}${webhook}-`)}`;
  const query = `WorkflowType = '${workflowTypes.webhook}' AND ExecutionStatus = 'Running'${ofWebhook}`;
  let count = 0;
  for await (const { workflowId, startTime } of client.workflow.list({ query, pageSize: Math.min(1_000, limit) })) {
    const delivery = await listed(client, workflowId, startTime);
    // Of two webhooks, the name of one may begin with that of the other.
    if (delivery === undefined || (webhook !== undefined && delivery.webhook !== webhook)) continue;
    yield delivery;
    count += 1;
    if (count >= limit) return;
  }
}

/**
 * Tries the events of a delivery again that were given up.
 * @param id - of a {@link ListedDelivery}
 * @throws `WorkflowNotFoundError` where no such delivery is open
 */
export async function resendDelivery(client: Client, id: string): Promise<DeliveryStatus> {
  const handle = client.workflow.getHandle(`${prefix}${id}`);
  return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
    handle.executeUpdate<DeliveryStatus, []>(messages.resendWebhook),
  );
}
