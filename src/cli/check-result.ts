/** Results of `doctor`'s checks. */

/** The result of one check. */
export interface CheckResult {
  readonly name: string;
  /** `skip`: the check was not made, because a setting that it needs is absent. */
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
