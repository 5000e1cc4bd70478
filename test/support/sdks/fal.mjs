/** Uses fal's published client as its users do: `fal.mjs <folder>` reads settings as JSON and prints what each step gave. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

const { createFalClient } = createRequire(join(process.argv[2], 'package.json'))('@fal-ai/client');
const { url, apiKey, tasks } = await json(process.stdin);

// The client has no setting for its host.
const toEmulator = (target, init) => fetch(String(target).replace('https://queue.fal.run', url), init);
const clientOf = (credentials) => createFalClient({ credentials, fetch: toEmulator, retry: { maxRetries: 0 } });
const { queue, subscribe } = clientOf(apiKey);
const model = 'fal-ai/fashn/tryon/v1.6';
const input = { model_image: 'https://shop.example/m.jpg', garment_image: 'https://shop.example/g.jpg' };
const results = {};
const step = async (name, promise) => {
  results[name] = await promise.catch((failure) => {
    const { status, body } = failure;
    return { error: failure.constructor.name, status, body };
  });
};

await step('submit', queue.submit(model, { input: { ...input, num_samples: 2 } }));
const { request_id: requestId } = results.submit;
await step('status', queue.status(model, { requestId }));
await step('early', queue.result(model, { requestId: tasks.pending }));
const updates = [];
await step(
  'subscribe',
  subscribe(model, { input, pollInterval: 50, onQueueUpdate: ({ status }) => updates.push(status) }),
);
results.updates = updates;
await step(
  'cancel',
  queue.cancel(model, { requestId: tasks.pending }).then(() => 'taken'),
);
await step('cancel ended', queue.cancel(model, { requestId: results.subscribe.requestId || tasks.failed }));
for (const [name, id] of Object.entries(tasks)) await step(name, queue.result(model, { requestId: id }));
await step('unknown', queue.result(model, { requestId: 'none' }));
await step('wrong key', clientOf('fal-wrong').queue.result(model, { requestId }));
await step('no garment', queue.submit(model, { input: { model_image: input.model_image } }));
process.stdout.write(JSON.stringify(results));
