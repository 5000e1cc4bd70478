/** Tables without borders that fit a width. Pure. */
import stringWidth from 'string-width';
import { paint, plain } from './output.js';

/** One column of a table of `Row`s. */
export interface Column<Row> {
  readonly head: string;
  /** Text of a cell; the table cleans it. */
  readonly text: (row: Row) => string;
  /** Styles a cell that is cleaned and cut. */
  readonly style?: (text: string) => string;
  /** The table may cut the cells down to this width. */
  readonly minWidth?: number;
  /** The table may leave the column out, lower numbers first. */
  readonly dropOrder?: number;
}

/** Width of the gap between two columns. */
const GAP = 2;

/** A cleaned text, cut to a width in terminal columns; `…` marks the cut. */
export function cut(text: string, width: number): string {
  const clean = plain(text);
  if (stringWidth(clean) <= width) return clean;
  let [result, room] = ['', width - 1];
  for (const char of clean) {
    room -= stringWidth(char);
    if (room < 0) break;
    result += char;
  }
  return width > 0 ? `${result}…` : '';
}

interface SizedColumn<Row> {
  readonly column: Column<Row>;
  readonly cells: readonly string[];
  readonly width: number;
}

/** Cuts columns from the left until all fit, as far as they may be cut. A column that cannot be left out is cut last. */
function shrink<Row>(columns: readonly SizedColumn<Row>[], maxWidth: number): SizedColumn<Row>[] {
  const isAllNeeded = columns.every(({ column }) => column.dropOrder === undefined);
  let excess = columns.reduce((sum, { width }) => sum + width + GAP, -GAP) - maxWidth;
  return columns.map((sized) => {
    const { minWidth, dropOrder } = sized.column;
    if (excess <= 0 || minWidth === undefined || (dropOrder === undefined && !isAllNeeded)) return sized;
    const width = Math.max(Math.min(minWidth, sized.width), sized.width - excess);
    excess -= sized.width - width;
    return { ...sized, width };
  });
}

/** Cuts columns first, then leaves out whole ones, then cuts those that must stay. */
function fitColumns<Row>(columns: readonly SizedColumn<Row>[], maxWidth: number): readonly SizedColumn<Row>[] {
  const fitted = shrink(columns, maxWidth);
  const width = fitted.reduce((sum, one) => sum + one.width + GAP, -GAP);
  const orders = columns.flatMap(({ column }) => column.dropOrder ?? []);
  if (width <= maxWidth || orders.length === 0) return fitted;
  const first = Math.min(...orders);
  return fitColumns(
    columns.filter(({ column }) => column.dropOrder !== first),
    maxWidth,
  );
}

/**
 * Lays out a table: a line of heads, then one line per row.
 * @param maxWidth - terminal columns; `Infinity` where there is no limit
 */
export function tableLines<Row>(columns: readonly Column<Row>[], rows: readonly Row[], maxWidth: number): string[] {
  const sized = columns.map((column) => {
    const cells = rows.map((row) => plain(column.text(row)));
    return { column, cells, width: cells.reduce((max, cell) => Math.max(max, stringWidth(cell)), column.head.length) };
  });
  const shown = fitColumns(sized, maxWidth).map(({ column, cells, width }) => {
    const show = (cell: string, style = (text: string): string => text): string => {
      const text = cut(cell, width);
      return `${text === '' ? '' : style(text)}${' '.repeat(width - stringWidth(text))}`;
    };
    return [show(column.head, paint.dim), ...cells.map((cell) => show(cell, column.style))];
  });
  return Array.from({ length: rows.length + 1 }, (_, at) =>
    shown
      .map((cells) => cells[at])
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
}
