import { describe, expect, test } from 'vitest';
import { parseCsv } from '../../src/cli/csv.js';
import { type ListingOptions, readListingFile } from '../../src/cli/listing-file.js';

describe('CSV by RFC 4180', () => {
  const cellsOf = (text: string) => parseCsv(text).map(({ cells }) => cells);
  test.each<[string, string, string[][]]>([
    [
      'plain cells, with and without a last line break',
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['the line breaks of all systems', 'a\r\nb\nc\r', [['a'], ['b'], ['c']]],
    [
      'empty cells, also the last',
      'a,,\n,',
      [
        ['a', '', ''],
        ['', ''],
      ],
    ],
    [
      'quoted cells with commas, quotes and line breaks',
      '"a,b","say ""hi""","1\r\n2"\nx,y,z',
      [
        ['a,b', 'say "hi"', '1\r\n2'],
        ['x', 'y', 'z'],
      ],
    ],
    ['a quoted empty cell as a record', '""', [['']]],
    ['empty lines are none', '\na\n\n\r\nb\n\n', [['a'], ['b']]],
    ['a byte order mark', '\ufeffa,b', [['a', 'b']]],
    ['spaces are kept', ' a , b ', [[' a ', ' b ']]],
    ['nothing', '', []],
  ])('%s', (_name, text, cells) => {
    expect(cellsOf(text)).toEqual(cells);
  });
  test('a record knows the line that it begins on', () => {
    expect(parseCsv('a\r\n"b\nb\nb",c\n\nd').map(({ line }) => line)).toEqual([1, 2, 6]);
  });
  test.each(['a\n"b', 'x\na"b', 'x\n"a"b'])('%j is refused with its line', (text) => {
    expect(() => parseCsv(text)).toThrow('line 2: a quote is misplaced or not closed');
  });
  test('a cell of a megabyte is read', () => {
    const long = 'x""'.repeat(400_000);
    expect(cellsOf(`"${long}"`)).toEqual([[long.replaceAll('""', '"')]]);
  });
});

describe('the file of a listing', () => {
  const read = (text: string, options: ListingOptions = { listingId: 'l' }) => readListingFile(text, options);
  const request = '"{""clothesList"":[{""imageUrl"":""https://shop.example/a,b.jpg""}]}"';

  test('as CSV has a column for each field; an empty cell is an absent field', () => {
    const csv = [
      'garmentId,taskId,requestId,request,expectedImages,api,submittedAt',
      `coat,,order-1,${request},4,tryon-pro,`,
      'hat,1900,,,,,2026-01-31T12:00:00Z',
    ].join('\r\n');
    expect(read(csv).input).toEqual({
      listingId: 'l',
      tasks: [
        {
          garmentId: 'coat',
          requestId: 'order-1',
          request: { clothesList: [{ imageUrl: 'https://shop.example/a,b.jpg' }] },
          expectedImages: 4,
          api: 'tryon-pro',
        },
        { garmentId: 'hat', taskId: '1900', submittedAt: '2026-01-31T12:00:00Z' },
      ],
    });
  });

  test('as JSON is a list of tasks, or an input; options go before it', () => {
    const tasks = [{ taskId: '1' }];
    expect(read(JSON.stringify(tasks)).input).toEqual({ listingId: 'l', tasks });
    const document = JSON.stringify({ listingId: 'own', minimumImages: 3, account: 'shop', tasks });
    expect(read(document, {}).input).toEqual({ listingId: 'own', minimumImages: 3, account: 'shop', tasks });
    expect(read(document, { listingId: 'other', account: 'b' }).input).toMatchObject({
      listingId: 'other',
      account: 'b',
    });
  });

  test('with wrong rows is refused as a whole: each row by line, field and remedy', () => {
    const csv = [
      'taskId,requestId,request,expectedImages',
      '1900,,,4',
      ',order-1,{,',
      '1901,,,none',
      '1902,order-2,,',
      '1900,,,',
      '1903,,,1,5',
    ].join('\n');
    const { input, problems } = read(csv);
    expect(input).toBeUndefined();
    expect(problems?.map((one) => one.replace(/\{.*\}/, '{}'))).toEqual([
      // A quote within a cell that is not quoted would be refused earlier.
      'line 3: request is no JSON; give the JSON of an object or a list of objects, quoted as one cell',
      'line 4: expectedImages is "none"; give a whole number from 1',
      'line 5: the input is {}; give either taskId, or requestId and request',
      'line 7: it has 5 cells, the header 4; quote cells that hold commas',
      'line 6: taskId is "1900", as in line 2; give each once',
    ]);
  });

  test.each<[string, string, ListingOptions, RegExp]>([
    ['no listing id', '[{"taskId":"1"}]', {}, /listingId is missing; give it with --listing-id/],
    [
      'an unknown column',
      'taskId,garment\n1,x',
      { listingId: 'l' },
      /line 1: the header has "garment"; give each of taskId, /,
    ],
    ['a column twice', 'taskId,taskId\n1,2', { listingId: 'l' }, /line 1: the header has "taskId"/],
    ['an open quote', 'taskId\n"1', { listingId: 'l' }, /line 2: a quote is misplaced/],
    ['no task', 'taskId\n', { listingId: 'l' }, /no task; give at least one/],
    ['nothing', '', { listingId: 'l' }, /the header has no column/],
    ['broken JSON', '[{', { listingId: 'l' }, /the file is no JSON/],
    ['no list', '{"tasks":{}}', { listingId: 'l' }, /tasks is missing or no list/],
    ['a task that is no object', '[null]', { listingId: 'l' }, /task 1: the input is null; give one object/],
    ['an unknown field', '{"tasks":[{"taskId":"1"}],"minimum":3}', { listingId: 'l' }, /minimum is not a known field/],
    [
      'a wrong task of JSON',
      '[{"taskId":"1"},{"taskId":"2","api":"x"}]',
      { listingId: 'l' },
      /task 2: api is "x"; give /,
    ],
    [
      'a request id twice',
      '[{"requestId":"1","request":{}},{"requestId":"1","request":{}}]',
      { listingId: 'l' },
      /task 2: requestId is "1", as in task 1/,
    ],
  ])('%s is refused', (_name, text, options, problem) => {
    expect(read(text, options).problems?.join('\n')).toMatch(problem);
  });

  test('of too many tasks or bytes is refused, and the limit is named', () => {
    const many = Array.from({ length: 501 }, (_none, index) => ({ taskId: `t-${index}` }));
    expect(read(JSON.stringify(many)).problems?.join()).toMatch(/give at most 500 tasks/);
    const big = Array.from({ length: 6 }, (_none, index) => ({
      requestId: `r-${index}`,
      request: { a: 'x'.repeat(250_000) },
    }));
    expect(read(JSON.stringify(big)).problems?.join()).toMatch(
      /give at most 1280 KiB of JSON in all requests together/,
    );
  });

  test('with more wrong rows than anybody reads says how many more there are', () => {
    const { problems } = read(`taskId\n${'é\n'.repeat(80)}`);
    expect(problems).toHaveLength(51);
    expect(problems?.at(-1)).toMatch(/\d+ more problems; fix these first/);
  });
});
