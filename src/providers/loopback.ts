import { isIPv4 } from 'node:net';

/**
 * Whether a host is the loopback interface: `localhost` and its sub-domains, 127.0.0.0/8, `::1`. Resolves no name.
 * @param host - in lower case, an IPv6 address with or without brackets: a URL's `hostname`, or a host to listen on
 */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  (isIPv4(host) && host.startsWith('127.')) ||
  host === '::1' ||
  host === '[::1]';
