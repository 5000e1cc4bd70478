/** The generated parts of `docs/vendors.md`: what each API can do, and all APIs by all cases of the conformance suite. Pure. */
import { allApis } from '../src/providers/apis.js';
import type { ApiDescriptor } from '../src/providers/descriptor.js';
import { vendors } from '../src/providers/vendors.js';
import { type Case, casesOf, type VendorCase } from '../test/providers/conformance/cases.js';
import { emulatedDiffers, limitOf } from '../test/providers/conformance/emulated.js';
import { spellings } from '../test/providers/conformance/spellings.js';

const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
];

const life = (seconds: number | undefined): string => {
  if (seconds === undefined) return 'not said';
  return seconds % 3_600 === 0 ? `${seconds / 3_600} h` : `${seconds} s`;
};

const factsOf = (api: ApiDescriptor): string[] => {
  const { facts, poll, submit, cancel, vendor } = api;
  const { prefix, credentials, queriesPerSecond, submitsPerMinute } = vendors[vendor];
  // A RAM AccessKey signs only calls that have an action.
  const ways = credentials.filter(({ of }) => poll('ID').action !== undefined || of(['', ''], 'v2').kind !== 'ram');
  const keys = ways.map(({ variables }) => variables.map((one) => `\`${prefix}${one}\``).join(', '));
  const call = ({ method, path }: { method: string; path: string }) => `\`${method} ${path}\``;
  return [
    `\`${api.name}\``,
    call(submit('{}')),
    call(poll('ID')),
    cancel === undefined ? 'no' : call(cancel('ID')),
    facts.canListTasks ? 'yes' : 'no',
    facts.isSubmitSafeToRepeat ? 'yes' : 'no',
    life(facts.urlLifeSeconds),
    life(facts.taskLifeSeconds),
    `${(facts.minPollMs ?? 1_000) / 1_000} s`,
    facts.prior === undefined ? '`TRYON_PRIOR_*`' : `${facts.prior.medianSeconds} s, ${facts.prior.p95Seconds} s`,
    `${queriesPerSecond}/s, ${submitsPerMinute}/min`,
    keys.join('; or '),
  ];
};

/** What each API can do, from the facts of the descriptors. */
export const factsTable = (): string =>
  table(
    [
      'api',
      'submit',
      'poll',
      'cancel',
      'can list tasks',
      'submit safe to repeat',
      'URLs live',
      'tasks live',
      'polls at least apart',
      'expected duration: median, 95%',
      'budget by default',
      'keys',
    ],
    allApis.map(factsOf),
  ).join('\n');

const comesTo = (expected: Case['expected']): string => {
  if (expected.call === 'submit') return expected.result;
  if (expected.call === 'cancel') return expected.cancelled;
  const { meaning, wait, images, hintMs } = expected;
  return [
    `\`${meaning}\`; the wait ${wait === 'goes on' ? wait : `is \`${wait}\``}`,
    ...(images === undefined ? [] : [images === 1 ? '1 image' : `${images.toLocaleString('en')} images`]),
    ...(hintMs === undefined ? [] : [`not again for ${(hintMs / 1_000).toLocaleString('en')} s`]),
  ].join(', ');
};

/** All APIs by all cases, with the reasons for what is missing. */
export const casesTable = (): string => {
  const notes: string[] = [];
  const noteOf = (text: string): string => {
    if (!notes.includes(text)) notes.push(text);
    return `(${notes.indexOf(text) + 1})`;
  };
  const markOf = (api: ApiDescriptor, { name, answer, script }: VendorCase): string => {
    if ('skip' in answer) return `– ${noteOf(answer.skip)}`;
    const isEmulated = script !== undefined && limitOf(api.name, script) === undefined;
    const reasons = [answer.differs?.why, isEmulated ? emulatedDiffers[api.name]?.[name]?.why : undefined];
    return [isEmulated ? '✓ E' : '✓', ...reasons.flatMap((why) => (why === undefined ? [] : [noteOf(why)]))].join(' ');
  };
  const columns = allApis.flatMap((api) => {
    const spelling = spellings.find((one) => one.api === api.name);
    return spelling === undefined ? [] : [{ api, cases: casesOf(spelling) }];
  });
  const rows = (columns[0]?.cases ?? []).map(({ group, title, expected }, index) => [
    group,
    title,
    comesTo(expected),
    ...columns.map(({ api, cases }) => markOf(api, cases[index] as VendorCase)),
  ]);
  return [
    ...table(['group', 'case', 'comes to', ...columns.map(({ api }) => `\`${api.name}\``)], rows),
    '',
    ...notes.map((note, index) => `(${index + 1}) ${note}  `),
  ]
    .join('\n')
    .trimEnd();
};

const parts: Readonly<Record<string, () => string>> = { facts: factsTable, cases: casesTable };

/**
 * The page with its generated parts anew. A part stands between `<!-- facts -->` and `<!-- end of facts -->`.
 * @throws Error if a part has no place
 */
export const vendorsPage = (page: string): string =>
  Object.entries(parts).reduce((text, [name, part]) => {
    const [start, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
    const from = text.indexOf(start);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`docs/vendors.md has no place for ${name}: write ${start} and ${end}`);
    return `${text.slice(0, from)}${start}\n\n${part()}\n\n${text.slice(to)}`;
  }, page);
