import { isBuiltin } from 'node:module';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { circles, type Import, importsOf, loadedBy, parsed, sourceFiles } from '../support/imports.js';

// Lower ones know nothing of higher ones. A new folder needs a place here.
const layers: readonly (readonly string[])[] = [
  ['contract.ts', 'check.ts', 'defined.ts', 'error-text.ts', 'json-size.ts'],
  ['schedule'],
  ['poll'],
  ['wait'],
  ['job'],
  ['temporal', 'providers', 'learning', 'codec', 'webhook', 'archive'],
  ['client', 'activities', 'workflows', 'emulator', 'nexus', 'telemetry', 'dev-server'],
  ['worker', 'cli', 'index.ts', 'workflow.ts', 'testing.ts', 'worker.ts'],
];
const placeOf = (file: string): string => file.split('/', 1)[0] ?? file;
const levelOf = (file: string): number => layers.findIndex((places) => places.includes(placeOf(file)));
const arrow = ({ from, to }: Import): string => `${from} -> ${to}`;
const all = sourceFiles.flatMap(importsOf);
const own = all.filter(({ own }) => own);

test('every source file belongs to a layer', () => {
  expect(sourceFiles.filter((file) => levelOf(file) < 0)).toEqual([]);
});

test('imports go one way', () => {
  expect(own.filter(({ from, to }) => levelOf(from) < levelOf(to)).map(arrow)).toEqual([]);
});

test('no file imports itself through others', () => {
  expect(circles(own.map(({ from, to }) => [from, to]))).toEqual([]);
});

test('no folder imports itself through others', () => {
  const between = own.map(({ from, to }) => [placeOf(from), placeOf(to)] as const);
  expect(circles(between.filter(([from, to]) => from !== to))).toEqual([]);
});

test('circles are found where there are some', () => {
  const edges = [
    ['a', 'b'],
    ['b', 'c'],
    ['c', 'a'],
    ['c', 'd'],
    ['d', 'e'],
  ] as const;
  expect(circles(edges)).toEqual([['a', 'b', 'c']]);
});

test('the emulator shares nothing with the code that it is there to check', () => {
  const shared = own.filter(
    ({ from, to }) => /^emulator\//.test(from) && !/^(emulator\/|(contract|defined)\.ts)/.test(to),
  );
  expect(shared.map(arrow)).toEqual([]);
});

test('nothing of the emulator or the dev server gets into what runs in production', () => {
  const isProduction = (file: string): boolean => !/^(emulator|dev-server|cli)\/|^testing\.ts$/.test(file);
  const loads = own.filter(({ from, to }) => isProduction(from) && /^(emulator|dev-server)\//.test(to));
  expect(loads.map(arrow)).toEqual([]);
});

describe('the workflow sandbox', () => {
  const safe =
    /^((contract|check|defined|json-size|workflow)\.ts|(schedule|poll|wait|job|workflows)\/|webhook\/delivery\.ts|providers\/(apis|common-codes|descriptor|json-fields)\.ts|providers\/[a-z-]+\/(?!sign\.ts))/;
  const packages = ['valibot', 'nexus-rpc', '@temporalio/workflow', '@temporalio/common'];

  test.each(sourceFiles.filter((file) => safe.test(file)))('%s loads only what is safe there', (file) => {
    const unsafe = importsOf(file).filter(
      ({ own, to, typeOnly }) => !typeOnly && !(own ? safe.test(to) : packages.includes(to)),
    );
    expect(unsafe.map(arrow)).toEqual([]);
  });
});

describe('the core is pure', () => {
  const core = sourceFiles.filter((file) =>
    /^((json-size|check|contract|defined)\.ts|(schedule|poll|wait|job)\/)/.test(file),
  );

  test.each(core)('%s knows no Temporal and no built-in module', (file) => {
    const impure = importsOf(file).filter(({ to }) => to.startsWith('@temporalio/') || isBuiltin(to));
    expect(impure.map(arrow)).toEqual([]);
  });

  test.each(core)('%s reads no clock, no chance and no environment', (file) => {
    const impure: string[] = [];
    const visit = (node: ts.Node): void => {
      const text = node.getText();
      if (ts.isPropertyAccessExpression(node) && /^(Date\.now|Math\.random|performance\.|process\.)/.test(text)) {
        impure.push(text);
      }
      if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length)
        impure.push(text);
      if (ts.isCallExpression(node) && /^(set(Timeout|Interval|Immediate)|fetch)$/.test(node.expression.getText())) {
        impure.push(text);
      }
      ts.forEachChild(node, visit);
    };
    visit(parsed(file));
    expect(impure).toEqual([]);
  });
});

test.each([
  { entry: 'index.ts', not: ['@temporalio/worker', '@temporalio/testing'] },
  { entry: 'workflow.ts', not: ['undici', '@temporalio/activity', '@temporalio/client', '@temporalio/worker'] },
  { entry: 'testing.ts', not: ['@temporalio/worker', '@temporalio/workflow', '@temporalio/testing'] },
])('loading $entry loads none of $not', ({ entry, not }) => {
  expect(sourceFiles).toContain(entry);
  expect(
    loadedBy(entry)
      .filter(({ to }) => not.includes(to))
      .map(arrow),
  ).toEqual([]);
});
