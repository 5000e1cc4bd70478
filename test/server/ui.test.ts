/** What people see of waits and listings in Temporal's own UI, in a real browser; `TRYON_SCREENSHOTS=1` makes the pictures of the documents. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createTryOnClient, type TryOnClient } from '../../src/client/client.js';
import { listingWorkflowId, resultsWorkflowId } from '../../src/contract.js';
import { startDevServer, type TemporalServer } from '../../src/dev-server/temporal-server.js';
import { startCli } from '../cli/run-cli.js';
import { type Browser, startBrowser, startLoginProxy } from '../support/browser.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const running = '1900000000000001';
const blocked = '1900000000000004';
const failed = '1900000000000005';
const sealed = '1900000000000006';
const listed = ['1900000000000002', '1900000000000003'] as const;
const listingId = 'spring-dresses';
const codec = { TRYON_CODEC_KEYS: `ui:${Buffer.alloc(32, 'u').toString('base64')}` };

/** A vendor's text that would be an image, a script, a link and bold, were it taken for what it looks like. */
const hostile = '<img src=x onerror=alert(1)> **bold** [link](http://evil.example) a@b.example';
const traces = [
  'img[src="x"]',
  'strong:has-text("bold")',
  'b:has-text("bold")',
  'a[href*="evil"]',
  'a[href*="b.example"]',
].join();

let server: TemporalServer;
let stack: Stack;
let sealedStack: Stack;
let client: TryOnClient;
let sealedClient: TryOnClient;
let browser: Browser;
let page: Page;
const dialogs: string[] = [];

const clientOf = (from: Stack, env: Record<string, string> = {}) =>
  createTryOnClient({ env: { ...process.env, TEMPORAL_ADDRESS: server.address, ...env }, taskQueue: from.taskQueue });

const pendingAttempt = async (taskId: string): Promise<number> =>
  (await client.temporal.workflow.getHandle(resultsWorkflowId(taskId)).describe()).raw.pendingActivities?.[0]
    ?.attempt ?? 0;

beforeAll(async () => {
  [server, browser] = await Promise.all([startDevServer(), startBrowser()]);
  page = browser.page;
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    dialog.dismiss().catch(() => undefined);
  });
  const { address } = server;
  const quick = { TRYON_PRIOR_MEDIAN_SECONDS: '0.5', TRYON_PRIOR_P95_SECONDS: '1.5' };
  stack = await startStack({ address, emulator: { seed: 7 }, env: quick });
  sealedStack = await startStack({ address, emulator: { seed: 8 }, env: { ...quick, ...codec } });
  client = await clientOf(stack);
  sealedClient = await clientOf(sealedStack, codec);

  const half = { state: 'running', finishedSubTasks: 1 } as const;
  stack.emulator.addTask({ taskId: running, subTasks: 3, script: [{ task: half }] });
  stack.emulator.addTask({ taskId: blocked, script: [{ gateway: { code: 'InvalidAppKey', message: hostile } }] });
  stack.emulator.addTask({ taskId: failed, script: [{ task: { state: 'failed', message: hostile } }] });
  for (const taskId of listed) stack.emulator.addTask({ taskId, durationSeconds: 0.3 });
  sealedStack.emulator.addTask({ taskId: sealed, durationSeconds: 0.3 });
  await Promise.all([
    client.start({ taskId: running, expectedImages: 12 }),
    client.start({ taskId: blocked }),
    client.waitFor({ taskId: failed }),
    sealedClient.waitFor({ taskId: sealed }),
    client.listings
      .start({
        listingId,
        tasks: listed.map((taskId, index) => ({ taskId, garmentId: ['linen-dress', 'silk-scarf'][index] ?? '' })),
      })
      .then(() => client.listings.result(listingId)),
    until(async () => (await client.status(blocked).catch(() => undefined))?.state === 'blocked'),
    until(async () => (await pendingAttempt(running).catch(() => 0)) > 2),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await client?.close();
  await sealedClient?.close();
  await Promise.all([stack?.stop(), sealedStack?.stop()]);
  await server?.stop();
});

type Tab = 'history' | 'relationships' | 'pending-activities' | 'query' | 'user-metadata' | 'search-attributes';

async function open(workflowId: string, tab: Tab): Promise<void> {
  const { runId } = await client.temporal.workflow.getHandle(workflowId).describe();
  await page.goto(`${server.uiUrl}/namespaces/default/workflows/${workflowId}/${runId}/${tab}`);
  await seen(page.getByTestId('workflow-id-heading').filter({ hasText: workflowId }));
}

/** Fails where it does not show within Playwright's time. */
const seen = (part: Locator): Promise<void> => part.locator('visible=true').first().waitFor({ timeout: 15_000 });

/** A row of the details, which the UI renders in a frame of its own. */
const detail = (name: string): Locator =>
  page.frameLocator('iframe[title="output"] >> nth=-1').getByRole('row').filter({ hasText: name });

const shownFor = async (name: string): Promise<string> => {
  await seen(detail(name));
  return ((await detail(name).getByRole('cell').nth(1).textContent()) ?? '').replaceAll('\u2060', '');
};

/** The UI sizes the frame of the details by its content; whether the last row is within it. */
async function isLastRowSeen(): Promise<boolean> {
  const frame = await page.locator('iframe[title="output"]').last().boundingBox();
  const row = await page.frameLocator('iframe[title="output"] >> nth=-1').getByRole('row').last().boundingBox();
  if (frame === null || row === null) return false;
  return row.y + row.height <= frame.y + frame.height;
}

const listUrl = (status: string): string =>
  `${server.uiUrl}/namespaces/default/workflows?query=${encodeURIComponent(`TryOnStatus = "${status}"`)}`;

const linkTo = (workflowId: string): Locator => page.getByRole('link', { name: workflowId, exact: true });

describe('the list', () => {
  test.each([
    ['waiting', resultsWorkflowId(running)],
    ['blocked', resultsWorkflowId(blocked)],
  ])('filtered by TryOnStatus %s shows just the one', async (status, workflowId) => {
    await page.goto(listUrl(status));
    await seen(linkTo(workflowId));
    await seen(page.getByText('1–1 of 1'));
    if (status === 'waiting') await browser.shoot('ui-list');
  });
});

describe('the page of a running wait', () => {
  test('tells its summary, what it was started with, and how it stands', async () => {
    await open(resultsWorkflowId(running), 'user-metadata');
    const frames = page.locator('iframe[title="output"]');
    await seen(frames.nth(2));
    await seen(frames.nth(0).contentFrame().getByText(`Virtual try-on of task ${running}`));
    await seen(frames.nth(1).contentFrame().getByText('expected images: 12'));
    expect(await shownFor('images')).toBe('4 of 12');
    expect(await shownFor('vendor status')).toBe('running');
    expect(await shownFor('sub-tasks finished')).toBe('1 of 3');
    await browser.shoot('ui-details');
    await open(resultsWorkflowId(running), 'history');
    await seen(page.getByText(`poll task ${running}`));
  });

  test('shows its pending poll: attempt, when the next is, and why', async () => {
    await open(resultsWorkflowId(running), 'pending-activities');
    await seen(page.getByText('tryOnPoll'));
    await seen(page.getByText(/(?:of|\/)\s*Unlimited/i));
    await seen(page.getByText('Next Retry'));
    await seen(page.getByText(/running; next poll in [\d.]+ s \(schedule\)/));
    await seen(page.getByText('"TryOnPending"'));
    await browser.shoot('ui-pending');
  });

  test('answers the query from the UI', async () => {
    await open(resultsWorkflowId(running), 'query');
    await until(async () => (await page.getByTestId('query-select').inputValue()) === 'tryOnStatus');
    await page.getByRole('button', { name: 'Run Query' }).click();
    await seen(page.getByText('"state": "waiting"'));
    await seen(page.getByText('"vendorStatus": "running"'));
    await browser.shoot('ui-query');
  });

  test('names what can be sent to it, with descriptions', async () => {
    await open(resultsWorkflowId(running), 'history');
    const offers = async (kind: 'update' | 'signal', names: readonly string[], description: string) => {
      await page.getByRole('button', { name: 'More Actions' }).click();
      await page.getByRole('menuitem', { name: new RegExp(`^Send an? ${kind}`, 'i') }).click();
      await page.getByTestId(`${kind}-select-button`).locator('visible=true').click();
      for (const name of names) await seen(page.getByRole('option', { name }));
      await seen(page.getByText(description));
      await page
        .getByRole('option', { name: names[0] ?? '' })
        .locator('visible=true')
        .first()
        .click();
      await page.getByRole('button', { name: 'Cancel', exact: true }).locator('visible=true').last().click();
    };
    const updates = ['pollNow', 'setTimeout', 'subscribe', 'unsubscribe'];
    await offers('update', updates, 'Poll the vendor now, at most once a second');
    await offers('signal', ['tryOnSubscribe', 'tryOnUnsubscribe'], 'Unsubscribe from workflow code');
  });
});

describe('a finished listing', () => {
  test('has its children, and each garment in the details', async () => {
    await open(listingWorkflowId(listingId), 'relationships');
    for (const taskId of listed) await seen(linkTo(resultsWorkflowId(taskId)));
    await browser.shoot('ui-listing');
    await open(listingWorkflowId(listingId), 'user-metadata');
    expect(await shownFor('tasks ended')).toBe('2 of 2');
    expect(await shownFor('linen-dress')).toBe('finished, 8 images');
    expect(await shownFor('silk-scarf')).toBe('finished, 8 images');
    await open(listingWorkflowId(listingId), 'history');
    for (const taskId of listed) await seen(page.getByText(`Virtual try-on of task ${taskId}`));
  });

  test('has the search attributes', async () => {
    await open(listingWorkflowId(listingId), 'search-attributes');
    await seen(page.getByText('"TryOnListingId": "spring-dresses"'));
    await seen(page.getByText('"TryOnImageCount": 16'));
  });
});

describe('the words of a vendor', () => {
  test('show as they are in the errors of a blocked wait, to the last row', async () => {
    await open(resultsWorkflowId(blocked), 'user-metadata');
    expect(await shownFor('error')).toBe(`gateway InvalidAppKey: ${hostile}`);
    expect(await shownFor('state')).toBe('blocked');
    await until(isLastRowSeen);
    expect(await browser.found(traces)).toBe(0);
    await browser.shoot('ui-blocked');
  });

  test('show as they are in the failure of a pending poll', async () => {
    await open(resultsWorkflowId(blocked), 'pending-activities');
    await seen(page.getByText(/gateway InvalidAppKey; next poll in [\d.]+ s \(blocked\)/));
    await seen(page.getByText(hostile));
    expect(await browser.found(traces)).toBe(0);
  });

  test('show as they are in the outcome and the details of a task that failed', async () => {
    await open(resultsWorkflowId(failed), 'history');
    await seen(page.getByText('"status": "failed"'));
    await seen(page.getByText(hostile));
    expect(await browser.found(traces)).toBe(0);
    await open(resultsWorkflowId(failed), 'user-metadata');
    expect(await shownFor('error')).toBe(`task failed: ${hostile}`);
    expect(await browser.found(traces)).toBe(0);
    await browser.shoot('ui-failed');
  });
});

describe('encrypted payloads', () => {
  /** Up to UI 2.42 a payload that cannot be decoded is shown with its metadata, later its data alone. */
  const unreadable = () => page.getByText(/encryption-key-id|^\s*"[\w+/]{60,}={0,2}"\s*$/);

  test('are unreadable, and readable once the UI knows the codec server and the codec server knows the person', async () => {
    const origin = new URL(server.uiUrl ?? '').origin;
    const token = 'a-token-of-some-length';
    const serving = startCli(['codec-server', '--port', '0', '--allow-origin', origin], {
      ...codec,
      TRYON_CODEC_TOKEN: token,
    });
    await serving.until('Ctrl-C ends it');
    const proxy = await startLoginProxy({ target: serving.out().trim(), cookie: 'person=known', token });
    onTestFinished(proxy.close);

    await open(resultsWorkflowId(sealed), 'history');
    await seen(unreadable());
    await browser.shoot('ui-encrypted');
    await page.getByTestId('data-encoder-status').click();
    const endpoint = page.getByPlaceholder('Paste your endpoint here');
    const browserSetting = page.getByText(/^Use my browser setting/);
    await seen(endpoint.or(browserSetting));
    // UI 2.54 asks first whose setting to use; 2.42 does so only where the server has one.
    if (!(await endpoint.isVisible())) await browserSetting.click();
    await endpoint.fill(proxy.url);
    await page.getByText('Include cross-origin credentials').click();
    const refused = page.waitForResponse((response) => response.url().startsWith(`${proxy.url}/decode`));
    await page.getByRole('button', { name: 'Apply' }).click();
    await open(resultsWorkflowId(sealed), 'history');
    expect((await refused).status()).toBe(401);
    await seen(unreadable());
    expect(await page.getByText(`"taskId": "${sealed}"`).count()).toBe(0);

    await page.context().addCookies([{ name: 'person', value: 'known', url: proxy.url }]);
    await open(resultsWorkflowId(sealed), 'history');
    await seen(page.getByText(`"taskId": "${sealed}"`));
    await seen(page.getByText('"status": "finished"'));
    expect(await unreadable().count()).toBe(0);
    await browser.shoot('ui-decrypted');
    serving.child.kill('SIGTERM');
    expect((await serving.ended).code).toBe(0);
  });
});

test('nothing that was shown opened a dialog or asked for anything beyond this machine', () => {
  expect(dialogs).toEqual([]);
  expect(browser.strayRequests).toEqual([]);
});
