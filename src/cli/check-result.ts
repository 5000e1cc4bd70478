/** What a check of `doctor` came to. */

/** One check and what it came to. */
export interface CheckResult {
  readonly name: string;
  /** `skip`: what it needs is not set. */
  readonly result: 'ok' | 'warn' | 'fail' | 'skip';
  readonly detail: string;
  /** What to do; with `warn` and `fail`. */
  readonly remedy?: string;
}

export const ok = (name: string, detail: string): CheckResult => ({ name, result: 'ok', detail });
export const skip = (name: string, detail: string): CheckResult => ({ name, result: 'skip', detail });
export const warn = (name: string, detail: string, remedy: string): CheckResult => ({
  name,
  result: 'warn',
  detail,
  remedy,
});
export const fail = (name: string, detail: string, remedy: string): CheckResult => ({
  name,
  result: 'fail',
  detail,
  remedy,
});
