/** Makes temporary TLS certificates in DER, so that the repository has no key and no program is needed. */
import { generateKeyPairSync, sign } from 'node:crypto';

const tlv = (tag: number, ...content: Uint8Array[]): Buffer => {
  const body = Buffer.concat(content);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 255 ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
};
const sequence = (...content: Uint8Array[]) => tlv(0x30, ...content);
const hex = (text: string) => Buffer.from(text, 'hex');
const ecdsaWithSha256 = sequence(hex('06082a8648ce3d040302'));
const timeOf = (date: Date) => tlv(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+/g, '')}`));

/**
 * A self-signed certificate for 127.0.0.1 and its key, in PEM.
 * @param options - `daysLeft`: negative for an expired certificate; `ip`: the host's address
 */
export const aCertificate = ({ daysLeft = 1, ip = [127, 0, 0, 1] } = {}): { key: string; cert: string } => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(tlv(0x31, sequence(hex('0603550403'), tlv(0x0c, Buffer.from('temporal-tryon test')))));
  const dayMs = 86_400_000;
  const notAfter = Date.now() + daysLeft * dayMs;
  const altNames = sequence(hex('0603551d11'), tlv(0x04, sequence(tlv(0x87, Buffer.from(ip)))));
  const isCa = sequence(hex('0603551d13'), hex('0101ff'), tlv(0x04, sequence(hex('0101ff'))));
  const body = sequence(
    tlv(0xa0, hex('020102')),
    tlv(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    sequence(timeOf(new Date(notAfter - 30 * dayMs)), timeOf(new Date(notAfter))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(altNames, isCa)),
  );
  const signature = tlv(0x03, Buffer.from([0]), sign('sha256', body, privateKey));
  const base64 = sequence(body, ecdsaWithSha256, signature).toString('base64').replace(/.{64}/g, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
};
