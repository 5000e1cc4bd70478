/** Replaces workers whose certificates have changed by new ones on a new connection: the new ones run before the old ones drain. */
import { firstLine } from '../error-text.js';

/** Workers, as far as they are replaced. */
export interface Renewable {
  readonly run: Promise<void>;
  shutdown(): void;
}

/** Options of {@link runRenewed}. */
export interface RenewOptions<W extends Renewable> {
  /** Starts workers; `onOutdated` is called again and again while their certificates are not the present ones. */
  readonly start: (onOutdated: () => void) => Promise<W>;
  /** Called with the workers that run now. */
  readonly onStarted: (workers: W) => void;
  readonly say: (level: 'INFO' | 'ERROR', message: string) => void;
}

/**
 * Runs workers until they end, and replaces them meanwhile where they are outdated. New ones that cannot start leave the old ones running.
 * @returns resolves when all have drained; rejects with the first failure
 */
export async function runRenewed<W extends Renewable>({ start, onStarted, say }: RenewOptions<W>): Promise<void> {
  let current: object | undefined;
  let wake: () => void = () => undefined;
  const begin = async (): Promise<W> => {
    const own = {};
    // Workers that drain may still say that they are outdated.
    const workers = await start(() => own === current && wake());
    current = own;
    onStarted(workers);
    return workers;
  };
  let workers = await begin();
  const drained: Promise<void>[] = [];
  for (;;) {
    const outdated = new Promise<'outdated'>((resolve) => {
      wake = () => resolve('outdated');
    });
    const ended = workers.run.then(() => 'ended' as const);
    if ((await Promise.race([ended, outdated])) === 'ended') break;
    try {
      const before = workers;
      workers = await begin();
      before.shutdown();
      drained.push(before.run);
      say('INFO', 'the certificates for Temporal have changed: new workers use them, those before drain');
    } catch (error) {
      const reason = firstLine(error);
      say(
        'ERROR',
        `the new certificates for Temporal cannot be used (${reason}); the worker goes on with those before`,
      );
    }
  }
  await Promise.all(drained);
}
