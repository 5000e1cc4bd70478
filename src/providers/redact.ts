/** Removes keys, signatures and signed URLs from texts that are logged, recorded or thrown. */

const mark = '[redacted]';

/** Removes secrets from a text. */
export type Redact = ((text: string) => string) & {
  /** Removes the given values only: for a URL that is passed on, whose query must stay. */
  readonly values: (text: string) => string;
};

/** The start of a word. An escape such as `%3D`, `\u003d` or a JSON `\n` may stand before it. */
const wordStart = String.raw`(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\[bfnrt]))`;

const entities: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };

/** Every form that a character has in a reply: plain, URL-encoded, in JSON text (also within JSON), in HTML. */
const formsOf = (char: string): string => {
  if (/[A-Za-z0-9]/.test(char)) return char;
  const code = (char.codePointAt(0) ?? 0).toString(16);
  const units = [...Array(char.length).keys()].map((at) => char.charCodeAt(at).toString(16).padStart(4, '0'));
  const forms = [
    String.raw`\\{0,7}${char.replace(/[.*+?^${}()|[\]\\/-]/, '\\$&')}`,
    Buffer.from(char).toString('hex').replace(/../g, '%$&'),
    units.map((unit) => String.raw`\\{1,7}u${unit}`).join(''),
    `&#(?:x0{0,4}${code}|0{0,4}${char.codePointAt(0)});`,
    ...(entities[char] ? [`&${entities[char]};`] : []),
    ...(char === ' ' ? [String.raw`\+`] : []),
  ];
  return `(?:${forms.join('|')})`;
};

/** Fewer characters of a secret at the end of a text may be there by chance. */
const minStart = 6;

/** The text without the beginning of a secret at its end, where the text was cut before. */
const withoutStart = (text: string, values: readonly string[]): string => {
  for (const value of values) {
    for (let length = Math.min(value.length - 1, text.length); length >= minStart; length -= 1) {
      if (text.slice(-length).toLowerCase() === value.slice(0, length)) return `${text.slice(0, -length)}${mark}`;
    }
  }
  return text;
};

const slash = String.raw`(?:\\{0,7}\/|%2f|\\{1,7}u002f|&#x2f;|&#47;)`;
// A URL with or without a scheme, or our own path, up to the next space, quote or tag. Nothing after the slashes can fail to match, so no
// text makes the pattern slow.
const urlText = new RegExp(
  String.raw`(?:(?:\b[a-z][a-z0-9+.-]{0,20}(?::|%3a|\\{1,7}u003a))?${slash}{2}|\/rest\/)[^\s"'<>]*`,
  'gi',
);
/** A URL's query or fragment: it may be a signature under any name. */
const queryOfUrl = /(?:[?#]|%3f|%23|\\{1,7}u003f|\\{1,7}u0023|&#x3f;|&#63;).+$/is;

const secretNames =
  'app_?key|app_?secret|(?:access|security|auth)?[_-]?token|sign|signature|ossaccesskeyid|access_?key_?(?:id|secret)?|credential|auth_?key';
const equals = String.raw`(?:=|%(?:25)?3d|\\{1,7}u003d|&#0{0,3}61;|&#x3d;)`;
// A secret's name, a separator, a value: `sign=`, `"app_key":"`, `sign%3D`, `sign\u003d`, `sign&#61;`. The value may have escapes, but not
// those of a separator.
const namedSecret = new RegExp(
  [
    String.raw`(?:\b|(?<=_|%[0-9a-f]{2}|\\u[0-9a-f]{4}))(${secretNames})`,
    String.raw`((?:\s{0,5}${equals}\s{0,5}(?:\\{0,7}["'])?)|(?:\\{0,7}["']\s{0,5}[:=]\s{0,5}(?:\\{0,7}["'])?))`,
    String.raw`(?!\[redacted\])(?:[^\s"'&<>\\,;)}\]%]|%(?!26|22|27|2c|3b|3c|3e|5d|7d|25)[0-9a-f]{2}|%25[0-9a-f]{2}|\\{1,7}(?:\/|u00(?!26|22|27|3c|3e)[0-9a-f]{2})|&#(?:43|x2b|47|x2f|61|x3d);)+`,
  ].join(''),
  'gi',
);

/**
 * Makes a function that replaces the given values, and everything in the form of a signature or a query string, by `[redacted]`. A text may
 * have been cut before: the beginning of a value at its end is replaced too.
 * @param values - secrets, keys, signatures; empty values are ignored
 */
export const redactor = (values: readonly string[]): Redact => {
  const given = [...new Set(values.filter((value) => value !== ''))].sort((a, b) => b.length - a.length);
  const starts = given.flatMap((value) => [value, encodeURIComponent(value)]).map((value) => value.toLowerCase());
  const patterns = given.map((value) => {
    const pattern = [...value].map(formsOf).join('');
    // A short key may occur in a longer word or number by chance, so it must be a word of its own.
    return value.length < 16 ? `${wordStart}${pattern}(?![A-Za-z0-9])` : pattern;
  });
  const givenValues = patterns.length > 0 ? new RegExp(patterns.join('|'), 'gi') : undefined;
  const withoutValues = (text: string) => (givenValues ? withoutStart(text.replace(givenValues, mark), starts) : text);
  const redact = (text: string) =>
    withoutValues(
      text.replace(urlText, (url) => url.replace(queryOfUrl, `?${mark}`)).replace(namedSecret, `$1$2${mark}`),
    );
  return Object.assign(redact, { values: withoutValues });
};

/** The first `length` characters of a text. Control and format characters become spaces. */
export const excerptOf = (text: string, length = 200): string =>
  text
    .slice(0, length * 20)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, length);
