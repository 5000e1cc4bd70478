import { describe, expect, test } from 'vitest';
import { tryOnApi } from '../../src/providers/aidge/tryon.js';
import { readReply } from '../../src/providers/read-reply.js';
import { redactor } from '../../src/providers/redact.js';
import { escapeMarkdown } from '../../src/wait/describe.js';
import { fuzzSecrets } from './corpus.js';

describe('a vendor text in the Temporal UI', () => {
  // remark-gfm finds autolinks after it has removed escapes, so a backslash does not help.
  test.each([
    { text: 'https://evil.test/login', shows: 'https&#8288;\\://evil\\.test/login' },
    { text: 'HTTP://evil.test', shows: 'HTTP&#8288;\\://evil\\.test' },
    { text: 'WWW.evil.test', shows: 'WWW&#8288;\\.evil\\.test' },
    { text: 'a@evil.test', shows: 'a&#8288;&#64;evil\\.test' },
    { text: 'xmpp:a@evil.test', shows: 'xmpp\\:a&#8288;&#64;evil\\.test' },
    { text: 'http&#58;//evil.test', shows: 'http&#38;\\#58;//evil\\.test' },
  ])('$text is not linked', ({ text, shows }) => {
    expect(escapeMarkdown(text)).toBe(shows);
  });

  test.each([
    { what: 'an image', text: '![x](http://evil.test/a.png)' },
    { what: 'HTML', text: '<img src=x onerror=alert(1)>' },
    { what: 'a cell', text: 'a | b |\n|---|' },
    { what: 'a heading', text: '# x' },
    { what: 'code', text: '`x` ```' },
    { what: 'a footnote', text: '[^1]: x' },
    { what: 'a block of code', text: '        x' },
    { what: 'a direction override', text: '\u202egnp.exe\u2066' },
    { what: 'hidden characters', text: 'a\u200b\u00ad\u{e0041}b\ufeff' },
  ])('$what stays text', ({ text }) => {
    const escaped = escapeMarkdown(text);
    expect(escaped.replace(/\\[!-/:-@[-`{-~]|&#\d+;/g, '')).not.toMatch(/[`*_[\]<>|#!~]|^ {2}/);
    expect(escaped).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('a secret that a reply echoes', () => {
  const { appKey, appSecret, sign } = fuzzSecrets;
  const shortKey = '512345';
  const read = (body: string) =>
    JSON.stringify(
      readReply(
        { kind: 'body', facts: { httpStatus: 200 }, text: body },
        tryOnApi,
        redactor([appKey, appSecret, sign, shortKey]),
      ),
    );

  test.each([
    { where: 'a code as long as a signature', body: { code: sign } },
    { where: 'a sub-code', body: { error_response: { code: 15, sub_code: sign } } },
    { where: 'a service code', body: { code: '0', success: 'false', resCode: appSecret } },
    { where: 'a request id', body: { code: '0', data: {}, requestId: sign } },
    { where: 'a message', body: { code: 'X', message: `refused: ?app_key=${shortKey}&sign=${sign}` } },
    { where: 'a message, URL-encoded', body: { code: 'X', message: `refused: key%3D${shortKey} s%3D${sign}` } },
    { where: 'a message, escaped for JSON', body: { code: 'X', message: `key\\u003d${shortKey}` } },
    { where: 'a status word', body: { code: '0', data: { taskStatus: `running ${sign}` } } },
    { where: 'a sub-task', body: { code: '0', data: { taskStatus: 'running', taskResult: [{ taskStatus: sign }] } } },
    { where: 'a task message', body: { code: '0', data: { taskStatus: 'failed', message: appSecret } } },
    { where: 'a message that is cut', body: { code: 'X', message: `${'x'.repeat(1_990)} ${appSecret}` } },
    {
      where: 'the clothes',
      body: {
        data: { taskStatus: 'running', taskResult: [{ imageUrl: 'http://x/a', clothes: `http://y/${appSecret}` }] },
      },
    },
    { where: 'a page', body: `<html><body>GET /rest/x?app_key=${shortKey}&sign=${sign}</body></html>` },
  ])('in $where is redacted', ({ body }) => {
    const shown = read(typeof body === 'string' ? body : JSON.stringify(body));
    for (const secret of [appKey, appSecret, sign, shortKey]) expect(shown).not.toContain(secret);
    expect(shown).not.toContain(appSecret.slice(0, 9));
    expect(shown).toContain('[redacted]');
  });
});
