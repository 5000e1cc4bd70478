/** Results as tables for people and as JSON for `scripts/generate-performance.ts`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PartResult, Table, Target } from './part.js';

/** The repository's root. */
export const rootPath = fileURLToPath(new URL('../..', import.meta.url));

/** Where the figures that the documentation shows are kept. */
export const resultsPath = `${rootPath}bench/results`;

/** Where quick runs leave theirs: they are no figures to show. */
export const quickResultsPath = `${rootPath}.cache/bench`;

/** What a result file holds beside the result. */
export interface ResultFile extends PartResult {
  readonly part: string;
  readonly quick: boolean;
  readonly seed: number;
  readonly date: string;
  readonly seconds: number;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGb: number; readonly os: string };
  readonly versions: Readonly<Record<string, string>>;
  /** Mean number of processes that wanted a processor in the minute before the run: more than a few say that it was disturbed. */
  readonly loadBefore: number;
}

const versionOf = (name: string): string => {
  const path = name === '' ? 'package.json' : `node_modules/${name}/package.json`;
  return (JSON.parse(readFileSync(`${rootPath}${path}`, 'utf8')) as { version: string }).version;
};

/** The machine, as far as it matters. */
export const machine = (): ResultFile['machine'] => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  os: `${type()} ${release()}`,
});

/** Versions of this package and of what it runs on; the server's is known only to those who talk to one. */
export const versions = (server?: string): Record<string, string> => ({
  node: process.versions.node,
  sdk: versionOf('@temporalio/worker'),
  package: versionOf(''),
  ...(server === undefined ? {} : { server }),
});

/** A table as aligned text. */
export function textOf({ title, header, rows }: Table): string {
  const cells = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number): boolean => rows.every((row) => typeof row[column] === 'number');
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [title, ...cells.map(line)].join('\n');
}

/** Targets as a table. */
export const targetTable = (targets: readonly Target[]): Table => ({
  title: 'Targets',
  header: ['figure', 'must be', 'found', ''],
  rows: targets.map(({ figure, bound, found, unit, met }) => [
    figure,
    unit === undefined ? bound : `${bound} ${unit}`,
    String(found),
    met ? 'met' : 'MISSED',
  ]),
});

/** Writes a result; returns its path from the repository's root. */
export function writeResult(result: ResultFile): string {
  const path = `${result.quick ? quickResultsPath : resultsPath}/${result.part}.json`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  return path.slice(rootPath.length);
}
