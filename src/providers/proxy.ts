/** Which HTTP proxy leads to an endpoint, from the environment variables that curl, Go and others read. */
import { isLoopbackHost } from './loopback.js';

/** A proxy. */
export interface HttpProxy {
  /** Scheme, host and port, without a user and password: may be shown. */
  readonly origin: string;
  /** The value of `Proxy-Authorization`. Secret. */
  readonly authorization?: string;
}

/** A proxy, none, or what is wrong with the variable that names it. No problem shows the value: it may hold a password. */
export type ProxySetting = { readonly proxy?: HttpProxy } | { readonly problem: string };

const variableOf = (env: Readonly<Record<string, string | undefined>>, names: readonly string[]) =>
  names.flatMap((name) => [name.toLowerCase(), name]).find((name) => env[name]?.trim());

const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** Whether an entry of `NO_PROXY` names the host: `*`, a host, a domain (with its sub-domains), each also with a port. */
const isExempt = ({ hostname, protocol, port }: URL, entry: string): boolean => {
  const [, name = '', entryPort] = /^(.+?)(?::(\d+))?$/.exec(entry) ?? [];
  if (entry === '*') return true;
  if (entryPort !== undefined && entryPort !== (port || defaultPorts[protocol])) return false;
  const domain = name.toLowerCase().replace(/^\*?\./, '');
  return hostname === domain || hostname.endsWith(`.${domain}`);
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/**
 * The proxy of an endpoint: `HTTPS_PROXY`, else `HTTP_PROXY`, unless `NO_PROXY` names the endpoint's host. Names in lower case win. A
 * loopback endpoint has none, so that an emulator works behind any proxy.
 * @param env - usually `process.env`
 * @param endpoint - a URL
 */
export const proxyOf = (env: Readonly<Record<string, string | undefined>>, endpoint: string): ProxySetting => {
  const url = new URL(endpoint);
  const variable = variableOf(env, url.protocol === 'https:' ? ['HTTPS_PROXY', 'HTTP_PROXY'] : ['HTTP_PROXY']);
  if (variable === undefined || isLoopbackHost(url.hostname)) return {};
  const exempt = env.no_proxy?.trim() || env.NO_PROXY || '';
  if (exempt.split(/[,\s]+/).some((entry) => entry !== '' && isExempt(url, entry))) return {};
  const value = env[variable]?.trim() ?? '';
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const remedy = 'give a URL such as http://proxy.example:3128';
  if (!URL.canParse(text)) return { problem: `${variable} is not a URL; ${remedy}` };
  const { protocol, origin, username, password } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') {
    return { problem: `${variable} is neither an http nor an https proxy; ${remedy}` };
  }
  if (username === '' && password === '') return { proxy: { origin } };
  const login = `${decoded(username)}:${decoded(password)}`;
  return { proxy: { origin, authorization: `Basic ${Buffer.from(login).toString('base64')}` } };
};
