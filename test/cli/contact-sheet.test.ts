import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contactSheet, linkOf, type Sheet, type SheetTask } from '../../src/cli/contact-sheet.js';
import { escapeHtml, html } from '../../src/cli/contact-sheet-html.js';
import { sheetTask, timelineOf } from '../../src/cli/contact-sheet-reader.js';
import type { TryOnWaitStatus } from '../../src/client/status.js';
import { anImage } from '../support/replies.js';

const aTask = (task: Partial<SheetTask> = {}): SheetTask => ({
  taskId: 't-1',
  state: 'finished',
  images: [anImage('a'), anImage('b', 1)],
  subTasks: [
    { index: 0, status: 'finished', imageCount: 1 },
    { index: 1, status: 'finished', imageCount: 1 },
  ],
  timeline: [],
  notes: [],
  ...task,
});
const aSheet = (task: Partial<SheetTask> = {}, sheet: Partial<Sheet> = {}): Sheet => ({
  state: 'finished',
  readAt: '2026-01-31T12:00:00.000Z',
  tasks: [aTask(task)],
  ...sheet,
});

/** Tags that a page has, by name, with their attributes as written. */
const tags = (page: string): string[] =>
  page.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '<$1>').match(/<[a-z][^>]*>/g) ?? [];

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</style><script>alert(1)</script>',
  '--><svg onload=alert(1)>',
  '`$' + '{alert(1)}`',
  '\u202egnp.exe\u0000\u001b[31m',
  '&lt;script&gt;',
];

describe('text from outside', () => {
  test.each(hostile)('%j is shown as text in every place', (text) => {
    const tidy = tags(contactSheet(aSheet({}, { listingId: 'l' }), { loadImages: false }));
    const page = contactSheet(
      aSheet(
        {
          taskId: text,
          garmentId: text,
          state: text,
          images: [
            { ...anImage('a'), clothes: text },
            { ...anImage('b', 1), imageUrl: `https://a.test/?${text}` },
          ],
          subTasks: [{ index: 0, status: 'finished', imageCount: 1, vendorStatus: text }],
          error: { layer: 'service', code: text, message: text, requestId: text },
          timeline: [{ at: '2026-01-31T12:00:00Z', text, kind: 'poll' }],
          notes: [text],
        },
        { listingId: text },
      ),
    );
    const names = new Set(tidy.map((tag) => /^<[a-z0-9]+/.exec(tag)?.[0]));
    const known = [...names, '<q', '<code', '<svg', '<line', '<circle', '<title', '<table', '<tr', '<td', '<time'];
    for (const tag of tags(page)) {
      expect(known).toContain(/^<[a-z0-9]+/.exec(tag)?.[0]);
      expect(tag).not.toMatch(/ on\w+=/);
    }
    expect(page.match(/<script>/g)).toHaveLength(1);
    for (const mark of ['\u0000', '\u001b', '\u202e']) expect(page).not.toContain(mark);
  });

  const noLinks = [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,<b>x',
    'file:///etc/passwd',
    'ftp://a.test/a',
    'x',
    '',
  ];
  test.each(noLinks)('a URL %j becomes neither a link nor an image', (imageUrl) => {
    expect(linkOf(imageUrl)).toBeUndefined();
    for (const loadImages of [false, true]) {
      const page = contactSheet(aSheet({ images: [{ ...anImage('a'), imageUrl }] }), { loadImages });
      expect(tags(page).filter((tag) => /^<(a|img|button)\b/.test(tag))).toEqual([]);
      expect(page).toContain(escapeHtml(imageUrl));
    }
  });

  test.each(['\u0001javascript:alert(1)', ' \n javascript:alert(1)', 'java\tscript:alert(1)'])(
    'a URL %j, which browsers read as a script, is not a link',
    (imageUrl) => expect(linkOf(imageUrl)).toBeUndefined(),
  );

  test('a URL is shown in full, with its concerns', () => {
    const imageUrl = 'http://user:word@169.254.169.254:81/latest?a=1&b="2"';
    const page = contactSheet(aSheet({ images: [{ ...anImage('a'), imageUrl }] }));
    expect(page).toContain(escapeHtml(imageUrl));
    expect(page).toContain('it holds a user or a password');
    expect(page).toContain('it leads to a metadata service');
  });

  test('no inserted text can become markup', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(html`<b title="${text}">${text}</b>`.text).toMatch(/^<b title="[^<>"'`]*">[^<>"'`]*<\/b>$/);
      }),
    );
  });
});

describe('the page', () => {
  test('loads nothing by itself, unless it was made with --load-images', () => {
    const page = contactSheet(aSheet());
    expect(tags(page).filter((tag) => / (src|srcset|background|style)=/.test(tag))).toEqual([]);
    expect(tags(page).filter((tag) => /^<(link|iframe|object|embed|video|audio|source|base|form)\b/.test(tag))).toEqual(
      [],
    );
    expect(page).toContain('<button id="load" type="button">Load 2 images</button>');
    const loading = contactSheet(aSheet(), { loadImages: true });
    expect(tags(loading).filter((tag) => tag.startsWith('<img src="http://images.test/'))).toHaveLength(2);
    expect(loading).not.toContain('<button');
  });

  test('has a policy that allows its own script and style only', () => {
    const [, policy = ''] = /Content-Security-Policy" content="([^"]*)"/.exec(contactSheet(aSheet())) ?? [];
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      'img-src http: https:',
      expect.stringMatching(/^style-src 'sha256-[\w+/]{43}='$/),
      expect.stringMatching(/^script-src 'sha256-[\w+/]{43}='$/),
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  test('groups images by garment and sub-task, including sub-tasks that only images mention', () => {
    const page = contactSheet(
      aSheet(
        {},
        {
          listingId: 'spring',
          tasks: [
            aTask({ garmentId: 'dress', subTasks: [{ index: 0, status: 'failed', imageCount: 0 }] }),
            aTask({ taskId: 't-2', images: [], subTasks: [], state: 'failed' }),
          ],
        },
      ),
    );
    expect(page.match(/<h[123]>.*?<\/h[123]>/g)?.map((head) => head.replace(/<[^>]*>/g, ''))).toEqual([
      'Listing spring finished',
      'dress finished',
      'Sub-task 0 failed',
      'Sub-task 1 unknown',
      'Task t-2 failed',
    ]);
    expect(page).toContain('2 images of 2 tasks');
  });

  test('names a single task and its state once', () => {
    const heads = contactSheet(aSheet()).match(/<h[123]>.*?<\/h[123]>/g);
    expect(heads?.map((head) => head.replace(/<[^>]*>/g, ''))).toEqual([
      'Task t-1 finished',
      'Sub-task 0 finished',
      'Sub-task 1 finished',
    ]);
  });

  test('says how many images are not listed', () => {
    const page = contactSheet(aSheet({ imagesOmitted: 3 }, { imagesOmitted: 1 }));
    expect(page).toContain('6 images of 1 task, 4 of them not listed');
  });

  test('shows a task without images, too', () => {
    const page = contactSheet(aSheet({ images: [], subTasks: [], state: 'waiting' }, { state: 'waiting' }));
    expect(page).toContain('0 images of 1 task');
    expect(page).toContain('No times are known.');
  });
});

describe('the timeline', () => {
  const status: TryOnWaitStatus = {
    taskId: 't-1',
    state: 'waiting',
    images: [],
    subTasks: [],
    polls: 3,
    workflowId: 'tryon-results-t-1',
    runId: 'r',
    startedAt: '2026-01-31T12:00:01.000Z',
    submittedAt: '2026-01-31T12:00:00.000Z',
    deadline: '2026-01-31T13:00:00.000Z',
    isAnswered: true,
    notes: ['something'],
    pending: { attempt: 4, isRunning: false, queue: 'tryon-vendor', dueAt: '2026-01-31T12:00:30.000Z' },
    explanation: {
      why: 'by the schedule',
      seenOpenAt: '2026-01-31T12:00:20.000Z',
      medianFinishAt: '2026-01-31T12:00:40.000Z',
    },
  };

  test('of a running wait has the recorded polls and what is expected, by time', () => {
    const polls = [{ at: '2026-01-31T12:00:10.000Z', images: 1, polls: 2, vendorStatus: 'running' }];
    expect(timelineOf(status, polls).map(({ at, text, kind }) => `${at.slice(17, 19)} ${kind}: ${text}`)).toEqual([
      '00 state: submitted to the vendor',
      '01 state: wait started',
      '10 poll: poll 2: 1 image, running',
      '20 poll: last seen unfinished',
      '30 expected: next poll',
      '40 expected: half of similar tasks are done',
      '00 expected: deadline',
    ]);
    expect(sheetTask(status, polls)).toMatchObject({ polls: 3, notes: ['something'] });
  });

  test('says when the time of submission is assumed', () => {
    const { startedAt } = status;
    expect(
      timelineOf({ ...status, submittedAt: startedAt }, [])
        .slice(0, 2)
        .map(({ text }) => text),
    ).toEqual(['wait started', 'assumed time of submission']);
  });

  test('stays inside its picture, whatever the times are', () => {
    const at = fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((date) => date.toISOString());
    fc.assert(
      fc.property(fc.array(at, { minLength: 1, maxLength: 9 }), (times) => {
        const timeline = times.map((time) => ({ at: time, text: 'x', kind: 'poll' as const }));
        const xs = [...contactSheet(aSheet({ timeline })).matchAll(/ cx="([^"]*)"/g)].map(([, x]) => Number(x));
        expect(xs).toHaveLength(times.length);
        for (const x of xs) expect(x >= 10 && x <= 990).toBe(true);
      }),
    );
  });

  test('leaves out invalid times', () => {
    expect(contactSheet(aSheet({ timeline: [{ at: 'soon', text: 'x', kind: 'poll' }] }))).toContain(
      'No times are known.',
    );
  });
});
