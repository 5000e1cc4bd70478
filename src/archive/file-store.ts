/** A folder as a store: for the demo, and where a volume is shared. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ArchiveStore, checkKey, type StoredObject, StoreError } from './store.js';

/** Files under way. On the same file system as the images, so that a rename is one step. */
const partFolder = '.parts';
/** A file under way that is older belongs to a process that died. */
const STALE_MS = 3_600_000;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

/** Codes of file systems without hard links. */
const noLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

async function sha256Of(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  return hash.digest('hex');
}

/** Makes a rename or a link last through a power cut. */
async function syncFolder(path: string): Promise<void> {
  // Windows opens no folder.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Makes a store of a folder.
 * @param root - an absolute path; made where it does not exist
 */
export function createFileStore(root: string): ArchiveStore {
  const parts = join(root, partFolder);
  let ready: Promise<void> | undefined;

  async function prepare(): Promise<void> {
    const first = await mkdir(parts, { recursive: true });
    // A folder that was made here lasts once the one above it is synced.
    if (first !== undefined) {
      for (let folder = parts; folder.length >= first.length; folder = dirname(folder))
        await syncFolder(dirname(folder));
    }
    for (const name of await readdir(parts)) {
      const path = join(parts, name);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
      if (Date.now() - mtimeMs > STALE_MS) await rm(path, { force: true });
    }
  }

  async function writePart(bytes: Buffer): Promise<string> {
    ready ??= prepare();
    await ready.catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    const part = join(parts, randomUUID());
    const file = await open(part, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return part;
  }

  /** Moves a file to its place. */
  async function place(key: string, { bytes }: StoredObject, move: (part: string, path: string) => Promise<void>) {
    const path = join(root, key);
    try {
      const part = await writePart(bytes);
      try {
        await mkdir(dirname(path), { recursive: true });
        await move(part, path);
        await syncFolder(dirname(path));
        await syncFolder(root);
      } finally {
        await rm(part, { force: true });
      }
    } catch (error) {
      if (error instanceof StoreError) throw error;
      throw new StoreError(`cannot write into ${root} (${codeOf(error)}); see its rights and its free space`, {
        cause: error,
      });
    }
  }

  return {
    name: pathToFileURL(root).href,
    locationOf: (key) => pathToFileURL(join(root, key)).href,
    async create(key, object) {
      let result: 'created' | 'same' | 'other' = 'created';
      await place(key, object, async (part, path) => {
        try {
          // A rename would replace what is there; a link does not.
          await link(part, path);
        } catch (error) {
          const code = codeOf(error);
          const found = code === 'EEXIST' || noLinks.includes(code) ? await sha256Of(path) : undefined;
          if (found !== undefined) result = found === object.sha256 ? 'same' : 'other';
          else if (noLinks.includes(code)) await rename(part, path);
          else throw error;
        }
      });
      return result;
    },
    replace: (key, object) => place(key, object, (part, path) => rename(part, path)),
    async check() {
      const bytes = Buffer.from('temporal-tryon\n');
      await place(checkKey, { bytes, sha256: '', contentType: 'text/plain' }, (part, path) => rename(part, path));
      await rm(join(root, checkKey), { force: true });
      return 'writable';
    },
    close: () => undefined,
  };
}
