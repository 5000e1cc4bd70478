/** Makes calls with a package from npm: `npm.mjs <package> <folder>` reads them as JSON from standard input. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

const [sdk, folder] = process.argv.slice(2);
const load = createRequire(join(folder, 'package.json'));
const { url, appKey, appSecret, apiName, form, calls } = await json(process.stdin);

/** An object with all names, `__proto__` too. */
const objectOf = (pairs) => Object.fromEntries(pairs);

const clients = {
  ae_sdk() {
    const { DropshipperClient } = load('ae_sdk');
    const client = new DropshipperClient({ app_key: appKey, app_secret: appSecret });
    client.new_apis_url = `${url}/rest`;
    return (pairs) => client.callAPIDirectly(apiName, objectOf(pairs));
  },
  'lazada-open-platform-sdk'() {
    const client = load('lazada-open-platform-sdk/lib/LazadaRequest');
    const call = form === 'query' ? client.get : client.post;
    // It rejects with the reply where the code is not 0.
    return (pairs) => call(`${url}/rest`, appKey, appSecret, apiName, null, objectOf(pairs)).catch(() => undefined);
  },
};
const call = clients[sdk]();
for (const pairs of calls) await call(pairs);
