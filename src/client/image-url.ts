/**
 * Concerns about an image's URL, for services that fetch it. This package passes URLs on byte for byte and fetches none. A vendor's reply,
 * or a forged one, can name any address that the fetching service reaches. Pure: only the text is checked. A harmless name can still
 * resolve to a private address, so a fetching service must also check the address that it connects to.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';

/** Concerns about an image's URL, and what each means. */
export const imageUrlConcernDescriptions = {
  unreadable: 'it is not a URL',
  hiddenCharacters: 'it holds control characters, spaces or backslashes, which programs read in different ways',
  scheme: 'it is neither http nor https',
  userInfo: 'it holds a user or a password',
  oddPort: 'its port is not the default of its scheme',
  loopbackHost: 'it leads to the machine that fetches it',
  metadataHost: 'it leads to a metadata service, which gives out the keys of cloud machines',
  privateHost: 'it leads into a private network',
  specialHost: 'its host is an IP address that no public server can have',
  localName: 'its host name is known only inside a network',
  nonAsciiHost: 'its host name has non-ASCII letters and can imitate another',
} as const;

/** See {@link imageUrlConcernDescriptions}. */
export type ImageUrlConcern = keyof typeof imageUrlConcernDescriptions;

type HostConcern = Extract<ImageUrlConcern, `${string}Host`>;

/** Blocks of addresses; the first that contains an address counts. 100.100.100.200 is Alibaba Cloud's, 168.63.129.16 Azure's. */
const blocks: readonly (readonly [concern: HostConcern | undefined, ...blocks: string[]])[] = [
  ['metadataHost', '169.254.169.254/32', '169.254.170.2/32', '100.100.100.200/32', '168.63.129.16/32', 'fd00:ec2::/32'],
  ['loopbackHost', '0.0.0.0/32', '127.0.0.0/8', '::/127'],
  ['privateHost', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'],
  ['privateHost', 'fc00::/7', 'fe80::/10', 'fec0::/10', '64:ff9b:1::/48'],
  ['specialHost', '0.0.0.0/8', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24'],
  ['specialHost', '203.0.113.0/24', '224.0.0.0/3'],
  // IPv4 within IPv6. The block has all other such addresses.
  [undefined, '::ffff:0:0/96'],
  // All IPv6 outside 2000::/3, and in it the blocks for protocols, documentation and 6to4.
  ['specialHost', '::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16'],
];

/** Prefixes of IPv6 addresses that lead to the IPv4 address they contain: the old compatible form, NAT64 and 6to4. */
const carriers = (ipv4: string): readonly [prefix: string, bits: number][] => {
  const hex = Buffer.from(ipv4.split('.').map(Number)).toString('hex');
  return [
    [`::${ipv4}`, 96],
    [`64:ff9b::${ipv4}`, 96],
    [`2002:${hex.slice(0, 4)}:${hex.slice(4)}::`, 16],
  ];
};

const lists = blocks.map(([concern, ...all]) => {
  const list = new BlockList();
  for (const block of all) {
    const [first = '', bits = ''] = block.split('/');
    if (isIPv6(first)) list.addSubnet(first, Number(bits), 'ipv6');
    else {
      list.addSubnet(first, Number(bits), 'ipv4');
      for (const [prefix, more] of carriers(first)) list.addSubnet(prefix, more + Number(bits), 'ipv6');
    }
  }
  return { concern, list };
});

const ipConcern = (address: string): HostConcern | undefined =>
  lists.find(({ list }) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'))?.concern;

const metadataNames = ['metadata', 'metadata.google.internal', 'instance-data', 'instance-data.ec2.internal'];
const localEndings = ['local', 'internal', 'intranet', 'private', 'corp', 'home', 'lan', 'home.arpa', 'test', 'onion'];

function hostConcern(host: string): ImageUrlConcern | undefined {
  const name = host.replace(/^\[|\]$|\.+$/g, '');
  if (isIP(name)) return ipConcern(name);
  if (name === 'localhost' || name.endsWith('.localhost')) return 'loopbackHost';
  if (metadataNames.includes(name)) return 'metadataHost';
  const isLocal = !name.includes('.') || localEndings.some((ending) => name.endsWith(`.${ending}`));
  if (isLocal) return 'localName';
  // `URL` converts all non-ASCII names to this form.
  return name.split('.').some((label) => label.startsWith('xn--')) ? 'nonAsciiHost' : undefined;
}

/**
 * Lists the concerns about an image's URL. Never throws, fetches nothing, resolves no name.
 * @param imageUrl - the text that the vendor sent
 * @returns the concerns in the order of {@link imageUrlConcernDescriptions}; empty if there are none
 */
export function imageUrlConcerns(imageUrl: string): ImageUrlConcern[] {
  const concerns = new Set<ImageUrlConcern>();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this searches for control characters
  if (/[\x00-\x20\x7f\\]/.test(imageUrl)) concerns.add('hiddenCharacters');
  let url: URL | undefined;
  try {
    url = new URL(imageUrl);
  } catch {
    concerns.add('unreadable');
  }
  if (url !== undefined) {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') concerns.add('scheme');
    if (url.username !== '' || url.password !== '') concerns.add('userInfo');
    if (url.port !== '') concerns.add('oddPort');
    // With other schemes `URL` does not normalise the host.
    const concern = concerns.has('scheme') ? undefined : hostConcern(url.hostname);
    if (concern !== undefined) concerns.add(concern);
  }
  return (Object.keys(imageUrlConcernDescriptions) as ImageUrlConcern[]).filter((one) => concerns.has(one));
}
