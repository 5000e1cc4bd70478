/** `temporal-tryon model`. */
import { defaults } from '../../contract.js';
import { readFinishedWaits, reasonOf } from '../../learning/finished-waits.js';
import { type ModelGroup, modelReport } from '../../learning/report.js';
import { readAccounts } from '../../providers/accounts.js';
import { type DurationModel, priorModel } from '../../schedule/distribution.js';
import { modelText } from '../../wait/explain.js';
import { readWorkerSettings } from '../../worker/settings.js';
import { type Run, withClient } from '../command.js';
import { CliError, exitCodes } from '../exit.js';
import { plotModel } from '../model-plot.js';
import { paint } from '../output.js';
import { writeOutputFile } from '../write-file.js';

/** Workers may have another prior than this environment. */
function priorText({ logMedian }: DurationModel, problems: readonly string[]): string {
  const median = `median ${Number(Math.exp(logMedian).toPrecision(3))} s`;
  return problems.length === 0
    ? `prior of this environment: ${median} (TRYON_PRIOR_*); a worker may have another`
    : `built-in prior: ${median}, since the settings of this environment have problems (${problems.join('; ')}); a worker may have another`;
}

/** The account, with its API where that is not the default one. */
const titleOf = ({ account, api }: ModelGroup): string =>
  api === 'tryon' ? `account ${account}` : `account ${account}, API ${api}`;

function linesOf(group: ModelGroup): string[] {
  const { model, quantileSeconds, pollCostSeconds, queriesPerSecond, polls, delaySeconds } = group;
  const quantiles = Object.entries(quantileSeconds).map(([name, seconds]) => `${Number(name.slice(1))} % ${seconds} s`);
  const times = group.pollSeconds.slice(0, 10).map((seconds) => Number(seconds.toPrecision(3)));
  const { phases } = model;
  const rows: readonly (readonly [string, string])[] = [
    ['durations', modelText(model)],
    ['over by', quantiles.join(', ')],
    ...(phases === undefined
      ? []
      : [['phases', `queued: ${modelText(phases.queued)}; running: ${modelText(phases.running)}`] as const]),
    [
      'poll cost',
      `one poll is worth ${pollCostSeconds} s of delay; workers raise it where the budget of ${queriesPerSecond} queries/s is short`,
    ],
    [
      'schedule',
      `polls at ${times.join(', ')} s ...; on average ${polls} polls per task, mean detection delay ${delaySeconds} s`,
    ],
  ];
  return [paint.bold(titleOf(group)), ...rows.map(([name, value]) => `  ${paint.dim(name.padEnd(9))}  ${value}`)];
}

/** The budget of an account without a key in this environment. */
function budgetFrom(text: string | undefined): number {
  const budget = Number(text);
  return budget > 0 && Number.isFinite(budget) ? budget : defaults.queriesPerSecond;
}

export const run: Run<'model'> = ({ options }, context) =>
  withClient(context, async ({ temporal, taskQueue }) => {
    const { output, env, signal } = context;
    const { limit, svg, force = false } = options;
    const read = await readFinishedWaits({ client: temporal, taskQueue, limit, signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new CliError(
        `the server does not list finished waits (${reasonOf(error)}); grant the right to list workflows`,
      );
    });
    signal.throwIfAborted();
    const { records, unread, reason } = read;
    const settings = readWorkerSettings(env);
    const { accounts } = readAccounts(env);
    const budget = budgetFrom(env.AIDGE_QUERIES_PER_SECOND);
    const prior = settings.ok ? settings.settings.prior : priorModel;
    const report = modelReport({
      records,
      prior,
      isPriorSet: settings.ok && settings.settings.isPriorSet,
      nowMs: Date.now(),
      queriesPerSecond: (account) => accounts.find(({ name }) => name === account)?.queriesPerSecond ?? budget,
    });
    output.data(report, report.groups.flatMap(linesOf));
    if (unread > 0) output.note(`${unread} of the finished waits could not be read (${reason})`);
    if (records.length === 0) output.note(`no finished wait of queue ${taskQueue} to learn from: this is the prior`);
    output.note(priorText(prior, settings.ok ? [] : settings.problems));
    const [group] = report.groups;
    if (svg !== undefined && group !== undefined) {
      await writePlot(svg, group, force);
      output.note(`the plot is in ${svg}`);
    }
    return exitCodes.done;
  });

async function writePlot(path: string, group: ModelGroup, force: boolean): Promise<void> {
  const { model, pollSeconds, polls, delaySeconds } = group;
  const subtitle = `${modelText(model)}; ${polls} polls a job, ends seen ${delaySeconds} s late`;
  await writeOutputFile(
    path,
    plotModel({ title: `Durations, ${titleOf(group)}`, subtitle, model, pollSeconds }),
    force,
  );
}
