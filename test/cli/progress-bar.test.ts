import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { createOutput, plain } from '../../src/cli/output.js';
import { barLine, startProgressBar } from '../../src/cli/progress-bar.js';

const percent = { percentOf: 'of similar tasks done' };
const text = 'next poll in 12 s, running, images 2/4, sub-tasks 1/2, 3 polls';

describe('the bar', () => {
  test('shows a share, or a count', () => {
    expect(plain(barLine(percent, 50, 100, 'running', 60))).toBe('█████░░░░░ 50% of similar tasks done  running');
    expect(plain(barLine({ count: 'images' }, 6, 24, '2 of 3 tasks running', 60))).toBe(
      'images ██░░░░░░░░ 6/24  2 of 3 tasks running',
    );
  });

  test.each([1, 7, 30, 44, 60, 80, 100, 300])('fits %d columns', (width) => {
    for (const done of [0, 99, 100]) {
      expect(stringWidth(plain(barLine(percent, done, 100, `漢${text}`, width)))).toBeLessThanOrEqual(width);
    }
  });

  test('leaves room for the progress of a wait on a terminal of 100 columns', () => {
    expect(plain(barLine(percent, 99, 100, text, 99))).toContain('images 2/4, sub-tasks 1/2');
  });

  test('is a line per change where there is no terminal', () => {
    const lines: string[] = [];
    const error = { write: (line: string) => lines.push(line) };
    const bar = startProgressBar(createOutput({ isJson: false, error, env: {} }), { count: 'images' });
    for (const done of [0, 0, 1]) bar.update(done, 2, 'running');
    bar.stop();
    expect(lines).toEqual(['images 0/2 running\n', 'images 1/2 running\n']);
  });
});
