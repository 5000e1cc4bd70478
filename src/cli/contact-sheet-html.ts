/** The frame of a contact sheet: an escaping template, style, script, and the policy that blocks everything else. */
import { createHash } from 'node:crypto';
import { wellFormed } from '../check.js';

/** Markup that is safe to print. Only {@link html} makes it. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = string | Html | readonly Html[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Escapes text for use between tags and in quoted attributes. Control and format characters, such as those that reverse text, become spaces. */
export const escapeHtml = (text: string): string =>
  wellFormed(text)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/[&<>"'`]/g, (mark) => entities[mark] as string);

function print(value: Value): string {
  if (value instanceof Html) return value.text;
  return typeof value === 'string' ? escapeHtml(value) : value.map(print).join('');
}

/** Markup from a template. Every inserted text is escaped. Attributes must be quoted. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(parts.map((part, k) => (k === 0 ? part : `${print(values[k - 1] as Value)}${part}`)).join(''));
}

const style = `
:root{color-scheme:light dark;font:15px/1.45 system-ui,sans-serif;--line:#8884;--good:#15803d;--open:#0369a1;--mixed:#a16207;--bad:#b91c1c}
body{margin:0 auto;max-width:1200px;padding:1rem}
h1,h2,h3{line-height:1.2;overflow-wrap:anywhere}
article{border-top:1px solid var(--line);margin-top:1.5rem}
code,.url{font:12px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
.badge{border-radius:1em;color:#fff;font:600 12px/1 system-ui,sans-serif;padding:.3em .7em;vertical-align:middle}
.good{background:var(--good)}.open{background:var(--open)}.mixed{background:var(--mixed)}.bad{background:var(--bad)}
.warn{color:var(--mixed);overflow-wrap:anywhere}
.grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(220px,1fr))}
figure{margin:0}
.frame{align-items:center;aspect-ratio:3/4;background:#8882;border-radius:6px;color:inherit;display:flex;justify-content:center;overflow:hidden;text-align:center}
.frame img{height:100%;object-fit:contain;width:100%}
img:not([src]){visibility:hidden}
figcaption{display:flex;flex-wrap:wrap;font-size:12px;gap:.2em .5em;margin-top:.3em}
.url{display:-webkit-box;flex-basis:100%;max-height:4.2em;overflow:auto}
.line{display:block;height:40px;width:100%}
.line line{stroke:var(--line);stroke-width:2}
circle.poll{fill:var(--open)}circle.state{fill:#888}circle.end{fill:var(--good)}circle.expected{fill:none;stroke:#888;stroke-dasharray:2;stroke-width:2}
.timeline{border-spacing:0;font-size:13px}.timeline td{padding:0 1em 0 0;vertical-align:top}.timeline .expected{opacity:.7}
button{font:inherit;padding:.4em 1em}
`;

/** Loads the images when the button is pressed, and shows the size of each loaded image. */
const script = `
const images = [...document.querySelectorAll('img')];
for (const image of images) {
  const size = image.closest('figure').querySelector('.size');
  const showSize = () => { size.textContent = image.naturalWidth + ' \\u00d7 ' + image.naturalHeight + ' px'; };
  image.addEventListener('load', showSize);
  image.addEventListener('error', () => { size.textContent = 'could not be loaded'; });
  if (image.complete && image.naturalWidth > 0) showSize();
}
const button = document.getElementById('load');
if (button !== null) button.addEventListener('click', () => {
  for (const image of images) if (image.dataset.src !== undefined) image.src = image.dataset.src;
  button.disabled = true;
});
`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const policy = [
  "default-src 'none'",
  'img-src http: https: file:',
  `style-src ${hashOf(style)}`,
  `script-src ${hashOf(script)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** A document around a body. */
export const page = (title: string, body: Html): string =>
  `${
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(policy)}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
${body}
<script>${new Html(script)}</script>
</body>
</html>`.text
  }\n`;
