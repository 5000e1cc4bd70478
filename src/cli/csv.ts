/** Reads CSV by RFC 4180: quoted cells may hold commas, quotes (doubled) and line breaks. Pure. */

/** One record, with the number of the line that it begins on. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A cell, quoted or not, and what ends it. A quote that is not doubled ends the quoted part. */
const cell = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;

/**
 * The records of a text; empty lines are left out.
 * @throws {SyntaxError} where a quote is not closed, or stands within a cell without quotes; the message names the line
 */
export function parseCsv(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let cells: string[] = [];
  let line = 1;
  let begun = 1;
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at < text.length || cells.length > 0; at = cell.lastIndex) {
    cell.lastIndex = at;
    const match = cell.exec(text);
    if (match === null) throw new SyntaxError(`line ${line}: a quote is misplaced or not closed`);
    const [whole, quoted, plain = '', end] = match;
    cells.push(quoted?.replaceAll('""', '"') ?? plain);
    line += whole.match(/\r\n|\n|\r/g)?.length ?? 0;
    if (end === ',') continue;
    if (cells.length > 1 || cells[0] !== '' || quoted !== undefined) records.push({ line: begun, cells });
    cells = [];
    begun = line;
  }
  return records;
}
