/** A certificate authority for one test run, as a few lines of DER: no key lies in the repository and no program is needed. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Issues certificates. */
export interface Authority {
  /** Its own certificate, in PEM. */
  readonly cert: string;
  /** For a server at 127.0.0.1 and `localhost`, or for a client. */
  issue(use: 'server' | 'client'): Certificate;
}

const tlv = (tag: number, ...content: Uint8Array[]): Buffer => {
  const body = Buffer.concat(content);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 255 ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
};
const sequence = (...content: Uint8Array[]): Buffer => tlv(0x30, ...content);
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const timeOf = (date: Date): Buffer => tlv(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')));
const nameOf = (text: string): Buffer => sequence(tlv(0x31, sequence(hex('0603550403'), tlv(0x0c, Buffer.from(text)))));
const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(hex(id), ...(critical ? [hex('0101ff')] : []), tlv(0x04, value));

const ecdsaWithSha256 = sequence(hex('06082a8648ce3d040302'));
const altNames = sequence(tlv(0x87, Buffer.from([127, 0, 0, 1])), tlv(0x82, Buffer.from('localhost')));
const isAuthority = extension('0603551d13', true, sequence(hex('0101ff')));
const usedFor = (use: string): Buffer => extension('0603551d25', false, sequence(hex(`06082b0601050507030${use}`)));
const dayMs = 86_400_000;

let serial = 0;

function certify(
  subject: string,
  publicKey: KeyObject,
  issuer: { readonly name: string; readonly key: KeyObject },
  extensions: readonly Buffer[],
): string {
  serial += 1;
  const body = sequence(
    tlv(0xa0, hex('020102')),
    tlv(0x02, Buffer.from([serial])),
    ecdsaWithSha256,
    nameOf(issuer.name),
    sequence(timeOf(new Date(Date.now() - dayMs)), timeOf(new Date(Date.now() + dayMs))),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = tlv(0x03, Buffer.from([0]), sign('sha256', body, issuer.key));
  const base64 = sequence(body, ecdsaWithSha256, signature).toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

/** Makes an authority that nobody trusts but who is told to. */
export function anAuthority(name = 'temporal-tryon test CA'): Authority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { name, key: own.privateKey };
  return {
    cert: certify(name, own.publicKey, issuer, [isAuthority]),
    issue(use) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const extensions = use === 'server' ? [extension('0603551d11', false, altNames), usedFor('1')] : [usedFor('2')];
      return {
        cert: certify(`temporal-tryon test ${use}`, publicKey, issuer, extensions),
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      };
    },
  };
}
