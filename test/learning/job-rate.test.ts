import { describe, expect, test } from 'vitest';
import { jobRate, loadRate } from '../../src/learning/job-rate.js';

const counts = (of: Record<number, number>) =>
  Object.entries(of).map(([windowSeconds, jobs]) => ({ windowSeconds: Number(windowSeconds), jobs }));

describe('jobs per second', () => {
  test.each<{ name: string; of: Record<number, number>; rate: number }>([
    { name: 'nothing counted', of: {}, rate: 0 },
    { name: 'idle', of: { 20: 0, 60: 0, 180: 0, 600: 0 }, rate: 0 },
    { name: 'steady: the longest window', of: { 20: 85, 60: 236, 180: 725, 600: 2400 }, rate: 4 },
    { name: 'half a minute into a run: the shortest', of: { 20: 80, 60: 120, 180: 120, 600: 120 }, rate: 4 },
    { name: 'two minutes into a run', of: { 20: 76, 60: 240, 180: 480, 600: 480 }, rate: 4 },
    { name: 'just ended: the shortest', of: { 20: 0, 60: 160, 180: 640, 600: 2400 }, rate: 0 },
    { name: 'a few jobs: chance is no change', of: { 20: 2, 60: 2, 180: 5, 600: 12 }, rate: 0.02 },
  ])('$name', ({ of, rate }) => {
    expect(jobRate(counts(of))).toBeCloseTo(rate, 9);
    expect(jobRate(counts(of).reverse())).toBeCloseTo(rate, 9);
  });
});

describe('the rate that polls are wanted for', () => {
  test.each([
    { name: 'a steady stream: that of starts', started: 4, open: 320, rate: 4 },
    { name: 'a burst of starts: near what the open jobs tell', started: 15, open: 300, rate: 5.625 },
    { name: 'no more starts: near what the open jobs tell', started: 0, open: 300, rate: 2.5 },
    { name: 'nothing open: none', started: 4, open: 0, rate: 0 },
  ])('$name', ({ started, open, rate }) => {
    expect(loadRate(started, open, 80)).toBeCloseTo(rate, 9);
  });
});
