/** Reads the file of `temporal-tryon listing`: JSON, or CSV with a column for each field. All rows are checked before anything starts. */
import { check } from '../check.js';
import {
  type ListingTask,
  ListingTaskSchema,
  listingTaskFields,
  type TryOnListingInput,
  TryOnListingInputSchema,
} from '../contract.js';
import { defined } from '../defined.js';
import { type CsvRecord, parseCsv } from './csv.js';

/** What of a listing the command line gives. It goes before what the file says. */
export type ListingOptions = Partial<Omit<TryOnListingInput, 'tasks'>>;

/** A listing to start, or one sentence for each thing that is wrong with the file. */
export type ListingFile =
  | { readonly input: TryOnListingInput; readonly problems?: undefined }
  | { readonly input?: undefined; readonly problems: readonly string[] };

/** A row as it was given, and where. */
interface Row {
  readonly where: string;
  readonly task: unknown;
  readonly problems: readonly string[];
}

/** More are only counted. */
const MAX_PROBLEMS = 50;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A cell as the value of a field. An empty one is an absent field. */
function cellValue(field: string, text: string): unknown {
  if (text === '') return undefined;
  if (field === 'request') return JSON.parse(text);
  return field === 'expectedImages' && /^\s*\d+\s*$/.test(text) ? Number(text) : text;
}

function rowOf(columns: readonly string[], { line, cells }: CsvRecord): Row {
  const where = `line ${line}`;
  const problems: string[] = [];
  const task: Record<string, unknown> = {};
  if (cells.length > columns.length) {
    problems.push(`it has ${cells.length} cells, the header ${columns.length}; quote cells that hold commas`);
  }
  for (const [index, field] of columns.entries()) {
    try {
      Object.assign(task, defined({ [field]: cellValue(field, cells[index] ?? '') }));
    } catch {
      problems.push(`${field} is no JSON; give the JSON of an object or a list of objects, quoted as one cell`);
    }
  }
  return { where, task, problems };
}

function readCsv(text: string): { readonly rows: readonly Row[]; readonly problems: readonly string[] } {
  try {
    const [header, ...records] = parseCsv(text);
    const columns = (header?.cells ?? []).map((name) => name.trim());
    const fields: readonly string[] = listingTaskFields;
    const unknown = columns.filter((name, index) => !fields.includes(name) || columns.indexOf(name) < index);
    if (header === undefined || unknown.length > 0) {
      const names = unknown.map((name) => JSON.stringify(name)).join(', ') || 'no column';
      return {
        rows: [],
        problems: [`line 1: the header has ${names}; give each of ${fields.join(', ')} at most once`],
      };
    }
    return { rows: records.map((record) => rowOf(columns, record)), problems: [] };
  } catch (error) {
    return { rows: [], problems: [`${(error as Error).message}; quote cells as RFC 4180 says`] };
  }
}

/** The first row of each id, and what is wrong with the others of that id. */
function repeats(rows: readonly Row[]): string[] {
  const first = new Map<string, string>();
  return rows.flatMap(({ where, task }) =>
    (['taskId', 'requestId'] as const).flatMap((field) => {
      const id = isRecord(task) ? task[field] : undefined;
      if (typeof id !== 'string') return [];
      const before = first.get(`${field} ${id}`);
      first.set(`${field} ${id}`, before ?? where);
      return before === undefined ? [] : `${where}: ${field} is ${JSON.stringify(id)}, as in ${before}; give each once`;
    }),
  );
}

function problemsOf({ where, task, problems }: Row): readonly string[] {
  if (problems.length > 0) return problems.map((problem) => `${where}: ${problem}`);
  const checked = check(ListingTaskSchema, task);
  return checked.ok ? [] : checked.problems.map((problem) => `${where}: ${problem}`);
}

const limited = (problems: readonly string[]): readonly string[] =>
  problems.length <= MAX_PROBLEMS
    ? problems
    : [...problems.slice(0, MAX_PROBLEMS), `${problems.length - MAX_PROBLEMS} more problems; fix these first`];

/**
 * Reads a listing from the text of a file. JSON, where the text begins with `[` or `{`; else CSV.
 * @param text - a list of tasks, an object with `tasks` and other fields of a listing, or CSV
 * @param options - what the command line gives besides
 */
export function readListingFile(text: string, options: ListingOptions): ListingFile {
  const json = text.replace(/^\ufeff/, '').trim();
  let rows: readonly Row[];
  let more: Record<string, unknown> = {};
  if (/^[[{]/.test(json)) {
    let document: unknown;
    try {
      document = JSON.parse(json);
    } catch (error) {
      return { problems: [`the file is no JSON: ${(error as Error).message}`] };
    }
    const { tasks, ...rest } = Array.isArray(document) ? { tasks: document } : (document as Record<string, unknown>);
    more = rest;
    if (!Array.isArray(tasks)) return { problems: ['tasks is missing or no list; give a list of tasks'] };
    rows = tasks.map((task: unknown, index) => ({ where: `task ${index + 1}`, task, problems: [] }));
  } else {
    const csv = readCsv(text);
    if (csv.problems.length > 0) return { problems: csv.problems };
    rows = csv.rows;
  }
  if (rows.length === 0) return { problems: ['the file has no task; give at least one'] };
  const wrong = [...rows.flatMap(problemsOf), ...repeats(rows)];
  const tasks = wrong.length > 0 ? [] : (rows.map(({ task }) => task) as ListingTask[]);
  const given = { ...more, ...defined({ ...options }) };
  const listed = 'listingId' in given ? given : { ...given, listingId: 'any' };
  const checked = check(TryOnListingInputSchema, { ...listed, tasks });
  const problems = [
    ...('listingId' in given ? [] : ['listingId is missing; give it with --listing-id, or in the file']),
    ...wrong,
    ...(checked.ok ? [] : checked.problems),
  ];
  return checked.ok && problems.length === 0 ? { input: checked.value } : { problems: limited(problems) };
}
