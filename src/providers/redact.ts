/** Keeps keys, signatures and signed addresses out of whatever is logged, recorded or thrown. */

const mark = '[redacted]';

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** No letter or digit before this, unless it is the end of an escape such as `%3D`, `\u003d` or a JSON `\n`. */
const wordStart = String.raw`(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\[bfnrt]))`;

/** The forms in which a value can come back: as it is, URL-encoded (both ways), within JSON. */
const formsOf = (value: string): readonly string[] => [
  value,
  encodeURIComponent(value),
  new URLSearchParams([['', value]]).toString().slice(1),
  JSON.stringify(value).slice(1, -1),
];

// `sign=`, `"app_key":"`, `sign%3D`, `sign\u003d`, `sign&#61;`: the name, some joint, the value.
const named =
  /(?:\b|(?<=%[0-9a-f]{2}|\\u[0-9a-f]{4}))(app_?key|app_?secret|access_token|sign|signature|ossaccesskeyid)(\s{0,5}(?:=|%3d|\\u003d|&#0{0,3}61;)\s{0,5}(?:\\?["'])?|\\?["']\s{0,5}[:=]\s{0,5}(?:\\?["'])?)(?!\[redacted\])[^\s"'&<>\\,;)}\]%]+/gi;
// Lengths are bounded, so that a page built for it cannot keep the pattern busy. Whatever follows the `?` of an address may be a signature, under any name.
const query = /(\b[a-z][a-z0-9+.-]{0,20}:(?:\\?\/){2}[^\s"'<>?#]{0,1000}|\/rest\/[^\s"'<>?#]{0,200})[?#][^\s"'<>]*/gi;

/**
 * A function that takes the given values out of a text, and all that looks like a signature or a query string.
 * @param values - secrets, keys, signatures; empty ones are ignored
 */
export const redactor = (values: readonly string[]): ((text: string) => string) => {
  const forms = [...new Set(values.filter((value) => value !== '').flatMap(formsOf))]
    .sort((a, b) => b.length - a.length)
    // Within a longer word or number a short key may stand by chance; behind an escape it does not.
    .map((form) => (form.length < 16 ? `${wordStart}${escaped(form)}(?![A-Za-z0-9])` : escaped(form)));
  const known = forms.length > 0 ? new RegExp(forms.join('|'), 'gi') : undefined;
  return (text) => {
    const shorter = text.replace(query, `$1?${mark}`).replace(named, `$1$2${mark}`);
    return known ? shorter.replace(known, mark) : shorter;
  };
};

/** At most `length` characters of a text, control and format characters replaced by spaces. */
export const excerptOf = (text: string, length = 200): string =>
  text
    .slice(0, length * 20)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, length);
