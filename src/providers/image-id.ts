import { hash } from 'node:crypto';
import type { ImageIds } from '../poll/reply.js';

/** Names of parameters that change when the vendor signs a URL again: signatures, keys and times of Alibaba, Amazon, Azure, Google, CDNs. */
const volatileName =
  /signature|token|secret|expire|credential|access_?(?:key|id)|key-?pair|nonce|timestamp|^x-(?:amz|goog)-|^x-oss-(?!process)|^q-|^(?:amp;)?(?:sign|sig|auth|auth_?key|api_?key|app_?key|key|ak|policy|date|time|ws_?time|tx_?time|deadline|exp|ts|[te_]|s[etprvi]|spr|sip|sk(?:e|s|t|v|oid|tid)|hdn(?:ts|ea)|\d*)$/i;
/** Values that signatures, keys and times have. A parameter of an unknown name would else make a new image of each signed URL. */
const volatileValue = /^(?:\d{9,}|[\w+/=%-]{32,})$/;
/** Names whose values tell images apart, even if they are long. */
const tellingName = /file|image|img|name|path|id$/i;

const isTelling = (parameter: string): boolean => {
  const at = parameter.indexOf('=');
  const name = at < 0 ? parameter : parameter.slice(0, at);
  if (volatileName.test(name)) return false;
  return tellingName.test(name) || !volatileValue.test(parameter.slice(at + 1));
};

/** More parameters, or a longer query, are no URL of an image: then the query does not count. */
const maxParameters = 32;
const maxQueryLength = 4_096;

/** The parameters that tell images apart, sorted. */
const tellingParameters = (query: string): string[] => {
  if (query === '' || query.length > maxQueryLength) return [];
  const all = query.split('&', maxParameters + 1);
  if (all.length > maxParameters) return [];
  return all.filter(isTelling).sort();
};

const hashOf = (text: string): string => hash('sha256', text).slice(0, 32);

/**
 * What an image is known by, each a SHA-256 as 32 lower-case hex digits. `id` is that of the URL up to its first `?` or `#`. `key` takes in
 * the parameters of the query that are no signature, key or time, after a `?`, sorted and joined by `&`; absent where there are none.
 *
 * So both stay the same when the vendor signs the URL again, and images that one script serves (`/view?filename=a.png`) differ by `key`.
 */
export const imageIds = (imageUrl: string): ImageIds => {
  const [withoutFragment = ''] = imageUrl.split('#', 1);
  const at = withoutFragment.indexOf('?');
  const base = at < 0 ? withoutFragment : withoutFragment.slice(0, at);
  const parameters = at < 0 ? [] : tellingParameters(withoutFragment.slice(at + 1));
  if (parameters.length === 0) return { id: hashOf(base) };
  return { id: hashOf(base), key: hashOf(`${base}?${parameters.join('&')}`) };
};
