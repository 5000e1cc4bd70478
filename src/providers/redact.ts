/** Removes keys, signatures and signed URLs from texts that are logged, recorded or thrown. */

const mark = '[redacted]';

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** The start of a word. An escape such as `%3D`, `\u003d` or a JSON `\n` may stand before it. */
const wordStart = String.raw`(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\[bfnrt]))`;

/** The forms of a value in a reply: plain, URL-encoded (both ways), as JSON text. */
const formsOf = (value: string): readonly string[] => [
  value,
  encodeURIComponent(value),
  new URLSearchParams([['', value]]).toString().slice(1),
  JSON.stringify(value).slice(1, -1),
];

// A secret's name, a separator, a value: `sign=`, `"app_key":"`, `sign%3D`, `sign\u003d`, `sign&#61;`.
const namedSecret =
  /(?:\b|(?<=%[0-9a-f]{2}|\\u[0-9a-f]{4}))(app_?key|app_?secret|access_token|sign|signature|ossaccesskeyid)(\s{0,5}(?:=|%3d|\\u003d|&#0{0,3}61;)\s{0,5}(?:\\?["'])?|\\?["']\s{0,5}[:=]\s{0,5}(?:\\?["'])?)(?!\[redacted\])[^\s"'&<>\\,;)}\]%]+/gi;
// A URL's query or fragment: it may be a signature under any name. Lengths are bounded, so that no page can make the pattern slow.
const urlQuery =
  /(\b[a-z][a-z0-9+.-]{0,20}:(?:\\?\/){2}[^\s"'<>?#]{0,1000}|\/rest\/[^\s"'<>?#]{0,200})[?#][^\s"'<>]*/gi;

/**
 * Makes a function that replaces the given values, and everything in the form of a signature or a query string, by `[redacted]`.
 * @param values - secrets, keys, signatures; empty values are ignored
 */
export const redactor = (values: readonly string[]): ((text: string) => string) => {
  const forms = [...new Set(values.filter((value) => value !== '').flatMap(formsOf))]
    .sort((a, b) => b.length - a.length)
    // A short key may occur in a longer word or number by chance, so it must be a word of its own.
    .map((form) => (form.length < 16 ? `${wordStart}${escaped(form)}(?![A-Za-z0-9])` : escaped(form)));
  const givenValues = forms.length > 0 ? new RegExp(forms.join('|'), 'gi') : undefined;
  return (text) => {
    const withoutQueries = text.replace(urlQuery, `$1?${mark}`).replace(namedSecret, `$1$2${mark}`);
    return givenValues ? withoutQueries.replace(givenValues, mark) : withoutQueries;
  };
};

/** The first `length` characters of a text. Control and format characters become spaces. */
export const excerptOf = (text: string, length = 200): string =>
  text
    .slice(0, length * 20)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, length);
