/** `temporal-tryon model`. */
import { writeFile } from 'node:fs/promises';
import { defaults } from '../../contract.js';
import { rateWindowsSeconds } from '../../learning/job-rate.js';
import { type ModelGroup, modelReport, tellingGroups } from '../../learning/report.js';
import { createWaitReader } from '../../learning/wait-reader.js';
import { readAccounts } from '../../providers/accounts.js';
import { type DurationModel, priorModel } from '../../schedule/distribution.js';
import { modelText } from '../../wait/explain.js';
import { readWorkerSettings } from '../../worker/settings.js';
import { type Run, withClient } from '../command.js';
import { CliError, exitCodes } from '../exit.js';
import { counted } from '../format.js';
import { plotModel } from '../model-plot.js';
import type { Output } from '../output.js';

const named = ({ account, subTasks }: ModelGroup): string =>
  subTasks === undefined ? `account ${account}` : `account ${account}, ${counted(subTasks, 'sub-task')}`;

/** The prior is each program's own: this one's says nothing of a worker's with another environment. */
function priorText({ logMedian }: DurationModel, problems: readonly string[]): string {
  const median = `median ${Number(Math.exp(logMedian).toPrecision(3))} s`;
  return problems.length === 0
    ? `prior of this environment: ${median} (TRYON_PRIOR_*); a worker may have another`
    : `built-in prior: ${median}, since the settings of this environment are not whole (${problems.join('; ')}); a worker may have another`;
}

function linesOf(group: ModelGroup, paint: Output['paint']): string[] {
  const { model, quantileSeconds, pollCostSeconds, jobsPerSecond, queriesPerSecond, polls, delaySeconds } = group;
  const quantiles = Object.entries(quantileSeconds).map(([name, seconds]) => `${Number(name.slice(1))} % ${seconds} s`);
  const shown = group.pollSeconds.slice(0, 10).map((seconds) => Number(seconds.toPrecision(3)));
  const rows = [
    ['durations', modelText(model)],
    ['over by', quantiles.join(', ')],
    ['stuck', `${(100 * model.tailWeight).toFixed(1)} %, up to ${model.horizonSeconds} s`],
    [
      'phases',
      model.phases === undefined
        ? undefined
        : `queued: ${modelText(model.phases.queued)}; running: ${modelText(model.phases.running)}`,
    ],
    [
      'poll cost',
      `a poll is worth ${pollCostSeconds} s (${jobsPerSecond} jobs/s, budget ${queriesPerSecond} queries/s)`,
    ],
    ['schedule', `polls at ${shown.join(', ')} s ...; ${polls} a job, ends seen ${delaySeconds} s late, on average`],
  ].filter((row): row is [string, string] => row[1] !== undefined);
  return [paint.bold(named(group)), ...rows.map(([name, value]) => `  ${paint.dim(name.padEnd(9))}  ${value}`)];
}

export const run: Run<'model'> = ({ options }, context) =>
  withClient(context, async ({ temporal, taskQueue }) => {
    const { output, env, signal } = context;
    const reader = createWaitReader({ client: temporal, taskQueue, signal });
    const [openCount, counts, records] = await Promise.all([
      reader.openCount(),
      reader.started(rateWindowsSeconds),
      reader.ended(options.limit),
    ]).catch((error: unknown) => {
      signal.throwIfAborted();
      const why = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
      throw new CliError(`the server does not list finished waits (${why}); grant the right to list workflows`);
    });
    const settings = readWorkerSettings(env);
    const { accounts } = readAccounts(env);
    const budget = Number(env.AIDGE_QUERIES_PER_SECOND) || defaults.queriesPerSecond;
    const prior = settings.ok ? settings.settings.prior : priorModel;
    const report = modelReport({
      records,
      prior,
      openCount,
      nowMs: Date.now(),
      counts,
      queriesPerSecond: (account) => accounts.find(({ name }) => name === account)?.queriesPerSecond ?? budget,
    });
    output.json(report);
    if (!output.isJson)
      for (const line of tellingGroups(report.groups).flatMap((group) => linesOf(group, output.paint)))
        output.line(line);
    if (records.length === 0) output.note(`no finished wait of queue ${taskQueue} to learn from: this is the prior`);
    output.note(priorText(prior, settings.ok ? [] : settings.problems));
    const [group] = report.groups;
    if (options.svg !== undefined && group !== undefined) {
      const { model, pollSeconds, polls, delaySeconds } = group;
      const subtitle = `${modelText(model)}; ${polls} polls a job, ends seen ${delaySeconds} s late`;
      const svg = plotModel({ title: `Durations, ${named(group)}`, subtitle, model, pollSeconds });
      await writeFile(options.svg, svg).catch((error: NodeJS.ErrnoException) => {
        throw new CliError(`cannot write ${options.svg} (${error.code}); give a path that can be written`);
      });
      output.note(`the plot is in ${options.svg}`);
    }
    return exitCodes.done;
  });
