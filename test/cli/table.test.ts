import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { plain } from '../../src/cli/output.js';
import { barLine } from '../../src/cli/progress-bar.js';
import { cut, tableLines } from '../../src/cli/table.js';

/** Letters, wide ones, marks that combine, emoji of several characters, flags, and what a terminal obeys. */
const cell = fc.string({
  unit: fc.constantFrom(
    'a',
    ' ',
    '漢',
    'e\u0301',
    '\u0301',
    '👩\u200d👧',
    '👍🏽',
    '1\ufe0f\u20e3',
    '🇩',
    '🇪',
    '\ufe0f',
    '\u001b[2J',
    '\n',
  ),
  maxLength: 60,
});
const columns = (min: number) =>
  [
    { head: 'first', text: ([one]: readonly string[]) => one ?? '', minWidth: min },
    { head: 'second', text: ([, two]: readonly string[]) => two ?? '', minWidth: 3, dropOrder: 2 },
    { head: 'third', text: ([, , three]: readonly string[]) => three ?? '', dropOrder: 1 },
  ] as const;

test('a table fits its width whatever is in its cells', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(cell, { maxLength: 3 }), { maxLength: 4 }),
      fc.nat(100),
      fc.nat(20),
      (rows, width, min) => {
        const lines = tableLines(columns(min), rows, width);
        expect(lines).toHaveLength(rows.length + 1);
        // The first column stays, cut to its least width at most.
        for (const line of lines) expect(stringWidth(plain(line))).toBeLessThanOrEqual(Math.max(width, min, 5));
        for (const line of lines) expect(plain(line)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      },
    ),
    { numRuns: 500 },
  );
});

test('a cut text is no wider than asked, also where characters join to one', () => {
  fc.assert(
    fc.property(cell, fc.nat(40), (text, width) => {
      expect(stringWidth(cut(text, width))).toBeLessThanOrEqual(width);
    }),
    { numRuns: 2_000 },
  );
});

test('a progress bar fits any width, even none', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1, max: 200 }), fc.nat(300), fc.nat(300), cell, (width, done, total, text) => {
      const line = barLine({ count: 'images' }, done, total, text, width);
      expect(stringWidth(plain(line))).toBeLessThanOrEqual(Math.max(0, width));
    }),
  );
});
