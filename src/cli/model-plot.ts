/** A duration distribution and its schedule as an SVG picture. Pure. */
import { type DurationModel, distributionOf, quantile } from '../schedule/distribution.js';
import { plain } from './output.js';

/** What is drawn. */
export interface ModelPlot {
  readonly title: string;
  readonly subtitle: string;
  readonly model: DurationModel;
  /** Ages of the polls, in seconds. */
  readonly pollSeconds: readonly number[];
}

const [width, height, left, top, bottom] = [760, 380, 56, 64, 56];
const right = width - 24;
const base = height - bottom;
const points = 240;

const escaped = (text: string): string =>
  plain(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** A step for about six marks on an axis: 1, 2 or 5 times a power of ten. */
function stepFor(max: number): number {
  const power = 10 ** Math.floor(Math.log10(max / 6));
  return power * ([1, 2, 5].find((factor) => max / (factor * power) <= 7) ?? 10);
}

/** Draws share of jobs done, their ends per second (to its own scale), and a mark for each poll. The age axis ends at the 97 % point. */
export function plotModel({ title, subtitle, model, pollSeconds }: ModelPlot): string {
  const distribution = distributionOf(model);
  const max = Math.max(1, 1.1 * Math.min(quantile(model, 0.97), 4 * quantile(model, 0.8)));
  const x = (seconds: number): string => (left + ((right - left) * seconds) / max).toFixed(1);
  const y = (share: number): string => (base - (base - top) * share).toFixed(1);
  const ages = Array.from({ length: points + 1 }, (_, k) => (max * k) / points);
  const half = max / points / 2;
  const density = (age: number): number => distribution.survival(age - half) - distribution.survival(age + half);
  const densest = Math.max(...ages.map(density), 1e-12);
  const line = (of: (age: number) => number): string => ages.map((age) => `${x(age)},${y(of(age))}`).join(' ');
  const step = stepFor(max);
  const marks = Array.from({ length: Math.floor(max / step) + 1 }, (_, k) => Number((k * step).toPrecision(6)));
  const polls = pollSeconds.filter((seconds) => seconds <= max);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#333">`,
    `<title>${escaped(title)}</title><rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${left}" y="24" font-size="15">${escaped(title)}</text>`,
    `<text x="${left}" y="44" fill="#666">${escaped(subtitle)}</text>`,
    ...[0, 0.25, 0.5, 0.75, 1].map(
      (share) =>
        `<line x1="${left}" x2="${right}" y1="${y(share)}" y2="${y(share)}" stroke="#ddd"/>` +
        `<text x="${left - 8}" y="${y(share)}" dy="4" text-anchor="end">${100 * share} %</text>`,
    ),
    ...marks.map((age) => `<text x="${x(age)}" y="${base + 18}" text-anchor="middle">${age}</text>`),
    `<text x="${(left + right) / 2}" y="${base + 38}" text-anchor="middle">seconds since the vendor accepted the job</text>`,
    `<polygon points="${x(0)},${y(0)} ${line((age) => density(age) / densest)} ${x(max)},${y(0)}" fill="#cfe3f5"/>`,
    `<polyline points="${line((age) => 1 - distribution.survival(age))}" fill="none" stroke="#1668b3" stroke-width="2"/>`,
    ...polls.map((age) => `<line x1="${x(age)}" x2="${x(age)}" y1="${base}" y2="${base - 14}" stroke="#c2410c"/>`),
    `<text x="${right}" y="24" text-anchor="end" fill="#1668b3">share of jobs done</text>`,
    `<text x="${right}" y="40" text-anchor="end" fill="#7aa5cc">ends per second</text>`,
    `<text x="${right}" y="56" text-anchor="end" fill="#c2410c">polls</text>`,
    '</svg>',
    '',
  ].join('\n');
}
