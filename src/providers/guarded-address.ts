/**
 * Keeps a request to a URL from outside away from private networks. A name is resolved once: the address that was checked is the one that is
 * connected to.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The host is, or resolves to, an address that is not allowed. The message names the host, never a path or a query. */
export class ForbiddenAddressError extends Error {
  readonly code = 'ForbiddenAddress';
  override readonly name = 'ForbiddenAddressError';
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** What is let through although it is not public: hosts by name, addresses by range. */
export interface AllowList {
  /** In lower case. */
  readonly hosts: readonly string[];
  readonly ranges: readonly (readonly [Address, number])[];
}

/** Nothing private is let through. */
export const allowNothing: AllowList = { hosts: [], ranges: [] };

const hostForm = /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/;

/**
 * Reads an allow list: host names, addresses and CIDRs, with commas between them.
 * @returns the list of all valid entries, and each wrong entry
 */
export function parseAllowList(text: string): { readonly list: AllowList; readonly wrong: readonly string[] } {
  const hosts: string[] = [];
  const ranges: (readonly [Address, number])[] = [];
  const wrong: string[] = [];
  for (const entry of text.split(',').map((one) => one.trim().toLowerCase())) {
    if (entry === '') continue;
    if (ipaddr.isValidCIDR(entry)) ranges.push(ipaddr.parseCIDR(entry));
    else if (isAddress(entry)) ranges.push([ipaddr.process(entry), entry.includes(':') ? 128 : 32]);
    else if (hostForm.test(entry) && !/^[\d.]+$/.test(entry)) hosts.push(entry);
    else wrong.push(entry);
  }
  return { list: { hosts, ranges }, wrong };
}

/** Shortened forms such as `127.1` are no addresses here: a URL has them in full. */
const isAddress = (text: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);

/** A URL's hostname without the brackets of IPv6 and the dot of a full name. */
const bare = (hostname: string): string => hostname.toLowerCase().replace(/^\[|\]$|\.$/g, '');

const isInside = (address: Address, [network, bits]: readonly [Address, number]): boolean =>
  address.kind() === network.kind() && address.match(network, bits);

/** All public IPv6 addresses. Beside them are forms that hold an IPv4 address, such as `::127.0.0.1` in hexadecimal. */
const globalIpv6 = ipaddr.parseCIDR('2000::/3');
/** The service that each machine on Azure has for itself; its address is in a public range. */
const azureService = ipaddr.parseCIDR('168.63.129.16/32');

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast' || isInside(address, azureService)) return false;
  return address.kind() === 'ipv4' || isInside(address, globalIpv6);
}

/** Whether an address may be connected to: a public one, or one that the list lets through. Pure. */
export function isAllowedAddress(text: string, allow: AllowList): boolean {
  if (!isAddress(text)) return false;
  // An IPv4 address that is written as IPv6 counts as what it is.
  const address = ipaddr.process(text);
  return isPublic(address) || allow.ranges.some((range) => isInside(address, range));
}

/** Whether the list names a URL's host, or the host is an address in one of its ranges. Pure. */
export function isNamedHost(hostname: string, allow: AllowList): boolean {
  const host = bare(hostname);
  if (allow.hosts.includes(host)) return true;
  return isAddress(host) && allow.ranges.some((range) => isInside(ipaddr.process(host), range));
}

/**
 * Checks a URL's host where it is an address: sockets resolve only names, so {@link guardedLookup} never sees it. Call it for each URL.
 * @throws {ForbiddenAddressError}
 */
export function checkHost(hostname: string, allow: AllowList): void {
  const host = bare(hostname);
  if (isAddress(host) && !isAllowedAddress(host, allow)) throw forbidden(host, 'is');
}

const forbidden = (host: string, verb: 'is' | 'resolves to'): ForbiddenAddressError =>
  new ForbiddenAddressError(`${host} ${verb} an address that is not public`);

/**
 * A `lookup` for sockets that gives only allowed addresses; for undici's `connect`.
 * @param allow - hosts named in it may have any address
 * @param lookup - resolves names; default: the system's
 */
export function guardedLookup(allow: AllowList, lookup: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) {
        callback(error, '', 0);
        return;
      }
      const isNamed = isNamedHost(hostname, allow);
      const allowed = found.filter(({ address }) => isNamed || isAllowedAddress(address, allow));
      const [first] = allowed;
      if (first === undefined) callback(forbidden(hostname, 'resolves to'), '', 0);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** The refusal of the guard; a connection to several addresses gives errors of its own around it. */
export function forbiddenAddressIn(error: unknown): ForbiddenAddressError | undefined {
  if (error instanceof ForbiddenAddressError) return error;
  const { cause, errors } = Object(error) as { readonly cause?: unknown; readonly errors?: readonly unknown[] };
  for (const inner of [cause, ...(errors ?? [])]) {
    const found = inner === undefined ? undefined : forbiddenAddressIn(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}
