import { createContext, Script } from 'node:vm';
import { expect, test } from 'vitest';
import { bundleWorkflows } from '../../src/worker/bundle.js';

test('the bundle evaluates every module without state once for all workflows', async () => {
  const code = await bundleWorkflows();
  // Where the SDK's own context shares modules between workflows.
  const cache: Record<string, unknown> = {};
  const context = createContext({ __webpack_module_cache__: cache, TextEncoder, TextDecoder, URL, AbortController });
  new Script(code).runInContext(context);
  const ours = () => Object.keys(cache).filter((name) => /^\.\/src\/|\/valibot\//.test(name));
  expect(ours()).toEqual([]);
  new Script('__TEMPORAL__.preloadModules()').runInContext(context);
  const preloaded = ours();
  expect(preloaded).toContainEqual(expect.stringContaining('/valibot/'));
  const all = [...code.matchAll(/^\/\*\*\*\/ "(\.\/src\/[^"]+)"/gm)].map(([, name]) => name as string);
  // The workflows' own keep state, or name what the SDK gives to one workflow.
  const rest = all.filter((name) => !preloaded.includes(name) && !name.startsWith('./src/workflows/'));
  expect(all.length).toBeGreaterThan(15);
  expect(rest).toEqual([]);
});
