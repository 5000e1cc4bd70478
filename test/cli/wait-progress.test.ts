import { describe, expect, test } from 'vitest';
import { percentOf, progressLine, progressText, shareDone, type WaitProgress } from '../../src/cli/wait-progress.js';
import { priorModel, quantile } from '../../src/schedule/distribution.js';

const nowMs = Date.parse('2026-01-31T12:01:00Z');
const at = (seconds: number): string => new Date(nowMs + 1000 * seconds).toISOString();
const aProgress = (status: Partial<WaitProgress['status']> = {}, more: Partial<WaitProgress> = {}): WaitProgress => ({
  status: {
    polls: 1,
    submittedAt: at(-quantile(priorModel, 0.5)),
    subTasks: [
      { index: 0, status: 'finished', imageCount: 2 },
      { index: 1, status: 'running', imageCount: 0 },
    ],
    vendorStatus: 'running',
    pending: { attempt: 2, isRunning: false, queue: 'q', dueAt: at(5), model: priorModel },
    ...status,
  },
  images: 2,
  ...more,
});

describe('how far a wait is', () => {
  test('is the share of similar tasks that are done at its age', () => {
    expect(shareDone(aProgress(), nowMs)).toBeCloseTo(0.5);
    expect(shareDone(aProgress(), nowMs + 60_000)).toBeGreaterThan(0.6);
    // The clock of this machine may be behind the server's.
    expect(shareDone(aProgress({ submittedAt: at(5) }), nowMs)).toBeCloseTo(0);
  });

  test('is unknown before the first poll, which brings the distribution', () => {
    expect(shareDone(aProgress({ pending: { attempt: 1, isRunning: false, queue: 'q' } }), nowMs)).toBeUndefined();
  });

  test.each([
    [0, 0],
    [0.5, 50],
    [0.999, 99],
    [1, 99],
  ])('%d is shown as %d%%: a running task is not done', (share, percent) => {
    expect(percentOf(share)).toBe(percent);
  });

  test('is shown with images, sub-tasks, the last reply and the next poll', () => {
    expect(progressText(aProgress(), nowMs)).toBe('next poll in 5 s, running, 2 images, sub-tasks 1/2, 1 poll');
    expect(progressLine(aProgress({}, { expectedImages: 4 }), nowMs)).toBe(
      'next poll in 5 s, running, images 2/4, sub-tasks 1/2, 1 poll; 50% of similar tasks are done by now',
    );
  });

  test('shows an error in place of the last reply', () => {
    const error = { layer: 'gateway', code: 'ApiCallLimit', message: 'no' } as const;
    expect(progressText(aProgress({ error }), nowMs)).toContain(', gateway ApiCallLimit, ');
  });

  test('leaves out a status that is older than the images', () => {
    const progress = aProgress({ polls: 0, subTasks: [] }, { images: 4 });
    expect(progressLine(progress, nowMs)).toBe('4 images');
    const noted = aProgress({ error: { layer: 'task', code: 'NotFound', message: '700' } });
    expect(progressText(noted, nowMs)).toContain(', not known to the vendor, ');
  });

  test('shows more images than expected', () => {
    expect(progressText(aProgress({}, { images: 5, expectedImages: 4 }), nowMs)).toContain('images 5/5,');
  });
});
