/** The plot of requests against delay, as SVG: both axes logarithmic, so that the limit requests x delay = constant is a line. */
import type { PollingResult } from '../bench/lib/polling-part.js';

const [width, height] = [760, 480];
const margin = { left: 70, right: 30, top: 30, bottom: 60 };
const bounds = { requests: [2, 100], delay: [0.3, 60] } as const;

const place = (value: number, [low, high]: readonly [number, number], length: number): number =>
  (length * Math.log(value / low)) / Math.log(high / low);
const pixel = (at: number): number => Number(at.toFixed(1));
const x = (requests: number): number =>
  pixel(margin.left + place(requests, bounds.requests, width - margin.left - margin.right));
const y = (delay: number): number =>
  pixel(height - margin.bottom - place(delay, bounds.delay, height - margin.top - margin.bottom));
const point = (requests: number, delay: number): string => `${x(requests)},${y(delay)}`;
const text = (at: string, body: string, more = ''): string => `<text ${at} ${more}>${body}</text>`;

function axes(): string[] {
  const bottom = height - margin.bottom;
  const right = width - margin.right;
  return [
    ...[2, 5, 10, 20, 50, 100].flatMap((requests) => [
      `<line class="grid" x1="${x(requests)}" y1="${margin.top}" x2="${x(requests)}" y2="${bottom}"/>`,
      text(`x="${x(requests)}" y="${bottom + 18}"`, String(requests), 'text-anchor="middle"'),
    ]),
    ...[0.5, 1, 2, 5, 10, 20, 50].flatMap((delay) => [
      `<line class="grid" x1="${margin.left}" y1="${y(delay)}" x2="${right}" y2="${y(delay)}"/>`,
      text(`x="${margin.left - 8}" y="${y(delay) + 4}"`, String(delay), 'text-anchor="end"'),
    ]),
    text(`x="${(margin.left + right) / 2}" y="${height - 18}"`, 'requests per job, mean', 'text-anchor="middle"'),
    text(
      `x="0" y="0" transform="translate(20 ${(margin.top + bottom) / 2}) rotate(-90)"`,
      'delay in seconds, mean',
      'text-anchor="middle"',
    ),
  ];
}

const isInside = (requests: number, delay: number): boolean =>
  requests >= bounds.requests[0] &&
  requests <= bounds.requests[1] &&
  delay >= bounds.delay[0] &&
  delay <= bounds.delay[1];

/** Law A: the limit, this package by poll cost, the peers. */
export function requestsDelayPlot({ known, peers }: PollingResult): string {
  const world = known.find((row) => row.limit !== undefined)?.world ?? '';
  const ours = known.filter((row) => row.world === world);
  const limit = ours[0]?.limit ?? 0;
  const [from, to] = [Math.max(2, limit / bounds.delay[1]), Math.min(100, limit / bounds.delay[0])];
  const shown = peers.filter((row) => row.world === world && isInside(row.polls, row.delaySeconds));
  const parts = [
    ...axes(),
    `<line class="limit" x1="${x(from)}" y1="${y(limit / from)}" x2="${x(to)}" y2="${y(limit / to)}"/>`,
    text(`x="${x(40)}" y="${y(limit / 40) + 22}"`, 'limit', 'class="limit" text-anchor="end"'),
    `<polyline class="ours" points="${ours.map((row) => point(row.polls, row.delaySeconds)).join(' ')}"/>`,
    ...ours.map((row) => `<circle class="ours" cx="${x(row.polls)}" cy="${y(row.delaySeconds)}" r="4"/>`),
    text(`x="${x(5.2)}" y="${y(limit / 5.2) + 24}"`, 'this package', 'class="ours" text-anchor="end"'),
    ...shown.map(
      (row) =>
        `<rect class="peer" x="${pixel(x(row.polls) - 4)}" y="${pixel(y(row.delaySeconds) - 4)}" width="8" height="8"/>`,
    ),
    ...shown.map((row) => {
      const isCrowded = shown.some((other) => {
        const [right, down] = [x(other.polls) - x(row.polls), y(other.delaySeconds) - y(row.delaySeconds)];
        return right > 0 && right < 80 && Math.abs(down) < 14;
      });
      // Beside its mark, or above it where another one is in the way.
      return isCrowded
        ? text(
            `x="${x(row.polls)}" y="${pixel(y(row.delaySeconds) - 10)}"`,
            row.peer,
            'class="peer" text-anchor="middle"',
          )
        : text(`x="${pixel(x(row.polls) + 9)}" y="${pixel(y(row.delaySeconds) + 4)}"`, row.peer, 'class="peer"');
    }),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Requests per job against mean delay, distribution A">`,
    '<style>',
    'svg { background: #fff; font: 13px system-ui, sans-serif; }',
    'text { fill: #333; } .grid { stroke: #e3e3e3; }',
    'line.limit { stroke: #888; stroke-width: 2; stroke-dasharray: 6 5; } text.limit { fill: #666; }',
    'polyline.ours { fill: none; stroke: #0b6e4f; stroke-width: 2; } circle.ours { fill: #0b6e4f; } text.ours { fill: #0b6e4f; font-weight: 600; }',
    'rect.peer { fill: #b5442e; } text.peer { fill: #7d2c1c; }',
    '</style>',
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
