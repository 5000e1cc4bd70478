/**
 * A bucket of any S3 server as a store. Each object is one PUT, which is there whole or not at all, and leaves no part of an upload behind.
 */
import { createHash } from 'node:crypto';
import type { S3Api, S3Failure, S3Put } from './s3-api.js';
import { type ArchiveStore, checkKey, type StoredObject, StoreError } from './store.js';

const isFailure = (answer: object): answer is S3Failure => 'code' in answer;

/** Tries of a write that met another write of the same key. */
const CONFLICT_TRIES = 4;
const CONFLICT_PAUSE_MS = 200;

const rights = 'allow s3:PutObject and s3:GetObject on the prefix, and s3:ListBucket on the bucket';

const remedies: Readonly<Record<string, string>> = {
  NoSuchBucket: 'make the bucket, or correct TRYON_ARCHIVE',
  AccessDenied: rights,
  Forbidden: rights,
  InvalidAccessKeyId: 'correct AWS_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'correct AWS_SECRET_ACCESS_KEY',
  CredentialsProviderError: "give credentials the AWS SDK's way, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
};

/**
 * Makes a store of a bucket.
 * @param load - gives the calls; asked again after it failed
 * @param place - `prefix` without slashes at its ends; may be empty
 * @param pause - between the tries of a write that met another one
 */
export function createS3Store(
  load: () => Promise<S3Api>,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms)),
): ArchiveStore {
  const name = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
  let loading: Promise<S3Api> | undefined;
  let loaded: S3Api | undefined;
  /** Whether the server heeds `If-None-Match`. The first image finds out. */
  let isConditional: boolean | undefined;

  const keyOf = (key: string): string => (prefix === '' ? key : `${prefix}/${key}`);

  async function api(): Promise<S3Api> {
    loading ??= load();
    try {
      loaded = await loading;
      return loaded;
    } catch (error) {
      loading = undefined;
      throw error;
    }
  }

  const storeError = ({ status, code }: S3Failure): StoreError => {
    const answer = status === undefined ? `does not answer (${code})` : `answered ${code}, HTTP ${status}`;
    const remedy = Object.hasOwn(remedies, code) ? `; ${remedies[code]}` : '';
    return new StoreError(`${name} ${answer}${remedy}`);
  };

  /** `exists`: the key is taken. */
  async function put(object: S3Put, signal?: AbortSignal): Promise<'written' | 'exists' | 'noConditions'> {
    for (let tried = 1; ; tried += 1) {
      const failure = await (await api()).put(object, signal);
      if (failure === undefined) return 'written';
      if (object.ifAbsent && failure.status === 412) return 'exists';
      if (object.ifAbsent && (failure.status === 501 || failure.code === 'NotImplemented')) return 'noConditions';
      if (failure.status !== 409 || tried >= CONFLICT_TRIES) throw storeError(failure);
      await pause(CONFLICT_PAUSE_MS * tried);
    }
  }

  /** What a key holds, compared with an object. */
  async function compare(
    key: string,
    { bytes, sha256 }: StoredObject,
    signal?: AbortSignal,
  ): Promise<'absent' | 'same' | 'other'> {
    const found = await (await api()).head(keyOf(key), signal);
    if (!isFailure(found)) return found.bytes === bytes.length && found.sha256 === sha256 ? 'same' : 'other';
    if (found.status === 404) return 'absent';
    throw storeError(found);
  }

  const write = (key: string, object: StoredObject, ifAbsent: boolean, signal?: AbortSignal) =>
    put({ ...object, key: keyOf(key), ifAbsent }, signal);

  /** For a server that may ignore the condition: asks first, and so can lose a race to another writer. */
  async function createUnconditionally(key: string, object: StoredObject, signal?: AbortSignal) {
    const found = await compare(key, object, signal);
    if (found !== 'absent') return found;
    await write(key, object, false, signal);
    return 'created';
  }

  async function createConditionally(key: string, object: StoredObject, signal?: AbortSignal) {
    const written = await write(key, object, true, signal);
    if (written === 'written') return 'created';
    if (written === 'noConditions') {
      isConditional = false;
      return await createUnconditionally(key, object, signal);
    }
    const found = await compare(key, object, signal);
    // Removed in between: the next try writes it.
    if (found === 'absent') throw new StoreError(`${name}: an object was removed while it was written`);
    return found;
  }

  /** The first write, by which the server shows whether it heeds the condition: the same bytes again must be refused. */
  async function createFirst(key: string, object: StoredObject, signal?: AbortSignal) {
    const found = await compare(key, object, signal);
    if (found !== 'absent') return found;
    // With the condition: if the server heeds it, another writer that came in between loses nothing.
    const created = await createConditionally(key, object, signal);
    if (created === 'created') isConditional ??= (await write(key, object, true, signal)) === 'exists';
    return created;
  }

  return {
    name,
    locationOf: (key) => `s3://${bucket}/${keyOf(key).split('/').map(encodeURIComponent).join('/')}`,
    async create(key, object, signal) {
      if (isConditional === undefined) return await createFirst(key, object, signal);
      return isConditional
        ? await createConditionally(key, object, signal)
        : await createUnconditionally(key, object, signal);
    },
    async replace(key, object, signal) {
      await write(key, object, false, signal);
    },
    async check() {
      const object = checkObject();
      await write(checkKey, object, false);
      const isHeeded = (await write(checkKey, object, true)) === 'exists';
      const found = await compare(checkKey, object);
      await (await api()).remove(keyOf(checkKey));
      if (found !== 'same') throw new StoreError(`${name} gives other bytes than were written`);
      return isHeeded ? 'writable' : 'writable; it ignores If-None-Match, so workers ask before each write';
    },
    close: () => loaded?.close(),
  };
}

function checkObject(): StoredObject {
  const bytes = Buffer.from('temporal-tryon\n');
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex'), contentType: 'text/plain' };
}
