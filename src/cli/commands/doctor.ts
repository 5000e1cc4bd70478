/** `temporal-tryon doctor`. */
import type { CheckResult } from '../check-result.js';
import { runChecks } from '../checks.js';
import type { Run } from '../command.js';
import { exitCodes } from '../exit.js';
import { paint } from '../output.js';

function linesOf({ name, result, detail, remedy }: CheckResult): string[] {
  const mark = {
    ok: paint.green('ok  '),
    warn: paint.yellow('warn'),
    fail: paint.red('fail'),
    skip: paint.dim('skip'),
  }[result];
  return [
    `${mark}  ${paint.bold(name)}: ${detail}`,
    ...(remedy === undefined ? [] : [`      ${paint.cyan('->')} ${remedy}`]),
  ];
}

export const run: Run<'doctor'> = async (_invocation, { output, env, signal }) => {
  const checks: CheckResult[] = [];
  for await (const check of runChecks(env, signal)) {
    checks.push(check);
    if (!output.isJson) for (const line of linesOf(check)) output.line(line);
  }
  const isWell = checks.every(({ result }) => result !== 'fail');
  output.json({ ok: isWell, checks });
  return isWell ? exitCodes.done : exitCodes.failed;
};
