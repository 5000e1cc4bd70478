/**
 * What is odd about an image's address, for whoever means to fetch it. This package passes addresses on byte for byte and fetches none:
 * a vendor's reply, or whoever forges one, can name any address that the fetching service reaches. Pure, by the text alone: a harmless
 * name may still resolve to a private address, so a fetching service checks what it connects to as well.
 */

/** Concerns about an image's address, and what each means. */
export const imageUrlConcernDescriptions = {
  unreadable: 'it is no address',
  hiddenCharacters: 'it holds control characters, spaces or backslashes, which readers take in different ways',
  scheme: 'it is neither http nor https',
  userInfo: 'it holds a user or a password',
  oddPort: 'it names a port that is not the usual one of its scheme',
  loopbackHost: 'it leads to the machine that fetches it',
  metadataHost: 'it leads to a metadata service, which hands out the keys of cloud machines',
  privateHost: 'it leads into a private network',
  specialHost: 'its host is an IP address that no public server has',
  localName: 'its host name is only known inside a network',
  nonAsciiHost: 'its host name has letters beyond ASCII, and may look like another',
} as const;

/** See {@link imageUrlConcernDescriptions}. */
export type ImageUrlConcern = keyof typeof imageUrlConcernDescriptions;

type HostConcern = Extract<ImageUrlConcern, `${string}Host`>;

/** Blocks of IPv4, the first that fits counts. 100.100.100.200 is Alibaba Cloud's, 168.63.129.16 Azure's. */
const ipv4Blocks: readonly (readonly [block: string, concern: HostConcern])[] = [
  ['169.254.169.254/32', 'metadataHost'],
  ['169.254.170.2/32', 'metadataHost'],
  ['100.100.100.200/32', 'metadataHost'],
  ['168.63.129.16/32', 'metadataHost'],
  ['0.0.0.0/32', 'loopbackHost'],
  ['127.0.0.0/8', 'loopbackHost'],
  ['10.0.0.0/8', 'privateHost'],
  ['172.16.0.0/12', 'privateHost'],
  ['192.168.0.0/16', 'privateHost'],
  ['100.64.0.0/10', 'privateHost'],
  ['169.254.0.0/16', 'privateHost'],
  ['0.0.0.0/8', 'specialHost'],
  ['192.0.0.0/24', 'specialHost'],
  ['192.0.2.0/24', 'specialHost'],
  ['192.88.99.0/24', 'specialHost'],
  ['198.18.0.0/15', 'specialHost'],
  ['198.51.100.0/24', 'specialHost'],
  ['203.0.113.0/24', 'specialHost'],
  ['224.0.0.0/3', 'specialHost'],
];

const ipv4Number = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

function ipv4Concern(address: number): HostConcern | undefined {
  return ipv4Blocks.find(([block]) => {
    const [first = '', bits = ''] = block.split('/');
    const size = 2 ** (32 - Number(bits));
    return Math.floor(address / size) === Math.floor(ipv4Number(first) / size);
  })?.[1];
}

/** The eight numbers of an IPv6 address as `URL` writes it: lower case, `::` once at most, no dotted tail. */
function ipv6Groups(text: string): readonly number[] {
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), tail === undefined ? [] : groups(tail)];
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function ipv6Concern(text: string): HostConcern | undefined {
  const groups = ipv6Groups(text);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const inside = (high: number, low: number): HostConcern | undefined => ipv4Concern(high * 65_536 + low);
  if ([a, b, c, d, e].every((group) => group === 0)) {
    if (f === 0 && g === 0 && h <= 1) return 'loopbackHost';
    // IPv4 within IPv6: mapped, or the older compatible form.
    return inside(g, h) ?? (f === 0xffff ? undefined : 'specialHost');
  }
  // NAT64 and 6to4 lead to the IPv4 address that they carry.
  if (a === 0x64 && b === 0xff9b) return inside(g, h) ?? 'specialHost';
  if (a === 0x2002) return inside(b, c) ?? 'specialHost';
  if (a === 0xfd00 && b === 0xec2) return 'metadataHost';
  if (a >> 9 === 0xfc >> 1) return 'privateHost';
  if (a >> 6 === 0xfe80 >> 6 || a >> 6 === 0xfec0 >> 6) return 'privateHost';
  return a >> 13 === 1 && !(a === 0x2001 && (b === 0xdb8 || b < 0x200)) ? undefined : 'specialHost';
}

const metadataNames = ['metadata', 'metadata.google.internal', 'instance-data', 'instance-data.ec2.internal'];
const localEndings = ['local', 'internal', 'intranet', 'private', 'corp', 'home', 'lan', 'home.arpa', 'test', 'onion'];

function hostConcern(host: string): ImageUrlConcern | undefined {
  if (host.startsWith('[')) return ipv6Concern(host.slice(1, -1));
  const name = host.replace(/\.+$/, '');
  if (/^\d+(?:\.\d+){3}$/.test(name)) return ipv4Concern(ipv4Number(name));
  if (name === 'localhost' || name.endsWith('.localhost')) return 'loopbackHost';
  if (metadataNames.includes(name)) return 'metadataHost';
  const isLocal = !name.includes('.') || localEndings.some((ending) => name.endsWith(`.${ending}`));
  if (isLocal) return 'localName';
  // `URL` writes names beyond ASCII in this form, whichever way they came.
  return name.split('.').some((label) => label.startsWith('xn--')) ? 'nonAsciiHost' : undefined;
}

/**
 * Says what is odd about an image's address. Never throws, fetches nothing, resolves no name.
 * @param imageUrl - as the vendor gave it
 * @returns the concerns in the order of {@link imageUrlConcernDescriptions}; empty where there is none
 */
export function imageUrlConcerns(imageUrl: string): ImageUrlConcern[] {
  const concerns = new Set<ImageUrlConcern>();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is polled for here
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
    // Other schemes leave the host as it was written; what it means there is not known.
    const concern = concerns.has('scheme') ? undefined : hostConcern(url.hostname);
    if (concern !== undefined) concerns.add(concern);
  }
  return (Object.keys(imageUrlConcernDescriptions) as ImageUrlConcern[]).filter((one) => concerns.has(one));
}
