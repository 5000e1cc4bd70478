/**
 * Writes `docs/performance.md` and `docs/images/requests-delay.svg` from the results of the benchmark under `bench/results`:
 * `node --import tsx scripts/generate-performance.ts`. A part without a result is named as missing.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { PartResult, Table, Target } from '../bench/lib/part.js';
import { type PollingResult, pollingTargets } from '../bench/lib/polling-part.js';
import { type ResultFile, resultsPath, rootPath } from '../bench/lib/report.js';
import { requestsDelayPlot } from './performance-plot.js';

const parts = [
  ...(['polling', 'stack', 'budget', 'budget-4-partitions'] as const),
  ...(['overhead', 'latency', 'cancel', 'memory', 'archive'] as const),
];
type Part = (typeof parts)[number];

const titles: Readonly<Record<Part, string>> = {
  polling: 'Poll schedules, simulated',
  stack: 'The real stack against a fixed interval',
  budget: 'One budget over four worker processes',
  'budget-4-partitions': 'The same with four partitions of the vendor queue, as on Temporal Cloud',
  overhead: 'Overhead of a wait beside its polls',
  latency: "From the vendor's answer to the parent",
  cancel: 'Cancellation',
  memory: 'Memory of the worker',
  archive: 'Images into an S3 server',
};

type Result = Partial<ResultFile> & Pick<PartResult, 'targets' | 'tables' | 'notes' | 'data'>;

/** A result as the benchmark wrote it. A simulation that was run alone has another shape, which this converts. */
function read(part: Part): Result | undefined {
  const path = `${resultsPath}/${part}.json`;
  if (!existsSync(path)) return undefined;
  const file = JSON.parse(readFileSync(path, 'utf8')) as Partial<ResultFile>;
  if (file.targets !== undefined) return file as Result;
  const data = file as unknown as PollingResult;
  return { ...file, targets: pollingTargets(data), tables: [], notes: [], data };
}

const escaped = (cell: string | number): string => String(cell).replaceAll('|', '\\|');

function markdown({ title, header, rows }: Table): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  const rule = `|${header.map((_, column) => (rows.every((row) => typeof row[column] === 'number') ? '---:|' : '---|')).join('')}`;
  return [`**${title}**`, '', line(header.map((name) => name || ' ')), rule, ...rows.map(line)].join('\n');
}

const shown = (value: number | undefined, digits = 2): string => (value === undefined ? '' : value.toFixed(digits));

function pollingTables({ known, peers, learned }: PollingResult): Table[] {
  const worlds = [...new Set(known.map(({ world }) => world))];
  return [
    ...worlds.map(
      (world): Table => ({
        title: `${world}: polls per job, delay in seconds`,
        header: ['schedule', 'requests', 'mean delay', '95 %', "over the optimum's delay"],
        rows: [
          ...known
            .filter((row) => row.world === world)
            .map((row) => [
              `this package, ${row.pollCost} s a request`,
              shown(row.polls),
              shown(row.delaySeconds),
              shown(row.p95Seconds),
              shown(row.delayOverOptimum, 3),
            ]),
          ...peers
            .filter((row) => row.world === world)
            .map((row) => [
              row.peer,
              shown(row.polls),
              shown(row.delaySeconds),
              shown(row.p95Seconds),
              shown(row.delayOverOptimum),
            ]),
        ],
      }),
    ),
    {
      title: 'Learned: cost over the known optimum at 0.5 s a request',
      header: ['durations', 'after jobs', 'mean', 'worst', 'without learning'],
      rows: learned.map((row) => [
        row.life,
        row.jobs,
        shown(row.costOverOptimum, 3),
        shown(row.worst, 3),
        shown(row.notLearning, 3),
      ]),
    },
  ];
}

function targetRows(part: Part, targets: readonly Target[]): string[] {
  return targets.map(({ figure, bound, found, unit, met }) => {
    const must = unit === undefined ? bound : `${bound} ${unit}`;
    return `| ${part} | ${escaped(figure)} | ${must} | ${found} | ${met ? 'met' : '**missed**'} |`;
  });
}

function origin({ date, machine, versions, seed, loadBefore, seconds }: Result): string {
  const on =
    machine === undefined ? '' : `${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, ${machine.os}`;
  const with_ = Object.entries(versions ?? {}).map(([name, version]) => `${name} ${version}`);
  const facts = [
    date?.slice(0, 10),
    on,
    with_.join(', '),
    seed === undefined ? undefined : `seed ${seed}`,
    seconds === undefined ? undefined : `${seconds} s`,
    loadBefore === undefined ? undefined : `load before ${loadBefore}`,
  ];
  return `_${facts.filter(Boolean).join('; ')}._`;
}

function section(part: Part, result: Result | undefined): string {
  const heading = `## ${titles[part]}`;
  if (result === undefined) return `${heading}\n\nNot measured yet: \`npm run bench -- ${part}\`.`;
  const tables = part === 'polling' ? pollingTables(result.data as PollingResult) : result.tables;
  const notes = result.notes.map((note) => `- ${note}`).join('\n');
  return [heading, origin(result), ...tables.map(markdown), notes].filter((text) => text !== '').join('\n\n');
}

const results = new Map(parts.map((part) => [part, read(part)]));
const polling = results.get('polling')?.data as PollingResult | undefined;
if (polling !== undefined) {
  mkdirSync(`${rootPath}docs/images`, { recursive: true });
  writeFileSync(`${rootPath}docs/images/requests-delay.svg`, requestsDelayPlot(polling));
}
const plot =
  polling === undefined
    ? []
    : [
        '![Requests per job against mean delay for distribution A: other schedules lie far above the theoretical limit, this package lies on it](images/requests-delay.svg)',
      ];
const page = [
  '# Performance',
  '<!-- Generated by scripts/generate-performance.ts from bench/results; do not edit. -->',
  'Targets and measurements. To run the benchmarks yourself, see [bench/README.md](../bench/README.md).',
  [
    '| part | figure | must be | found | |',
    '|---|---|---|---|---|',
    ...parts.flatMap((part) => targetRows(part, results.get(part)?.targets ?? [])),
  ].join('\n'),
  ...plot,
  ...parts.map((part) => section(part, results.get(part))),
];
writeFileSync(`${rootPath}docs/performance.md`, `${page.join('\n\n')}\n`);
const missing = parts.filter((part) => results.get(part) === undefined);
process.stdout.write(
  `docs/performance.md written${missing.length > 0 ? `; no result of ${missing.join(', ')}` : ''}\n`,
);
