/** Uses FASHN's published client as its users do: `fashn.mjs <folder>` reads settings as JSON and prints what each step gave. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

const { default: Fashn } = createRequire(join(process.argv[2], 'package.json'))('fashn');
const { url, apiKey, tasks } = await json(process.stdin);

const clientOf = (key) => new Fashn({ baseURL: url, apiKey: key, maxRetries: 0 });
const client = clientOf(apiKey);
const inputs = { model_image: 'https://shop.example/m.jpg', garment_image: 'https://shop.example/g.jpg' };
const request = { model_name: 'tryon-v1.6', inputs };
const results = {};
const step = async (name, promise) => {
  results[name] = await promise.catch((failure) => {
    const { status, error } = failure;
    return { error: failure.constructor.name, status, body: error };
  });
};
const subscribed = { ...request, pollInterval: 50 };

await step('run', client.predictions.run({ ...request, inputs: { ...inputs, num_samples: 2 } }));
await step('status', client.predictions.status(results.run.id));
const updates = [];
await step(
  'subscribe',
  client.predictions.subscribe({ ...subscribed, onQueueUpdate: ({ status }) => updates.push(status) }),
);
results.updates = updates;
for (const [name, id] of Object.entries(tasks)) await step(name, client.predictions.status(id));
await step('unknown', client.predictions.status('none'));
await step('wrong key', clientOf('fa-wrong').predictions.status(results.run.id));
await step('no garment', client.predictions.run({ ...request, inputs: { model_image: inputs.model_image } }));
await step('retried', client.predictions.status(tasks.busy, { maxRetries: 2 }));
process.stdout.write(JSON.stringify(results));
