import { isBuiltin } from 'node:module';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { type Import, importsOf, loadedBy, parsed, sourceFiles } from '../support/imports.js';

// Lower ones know nothing of higher ones. A new folder needs a place here.
const layers: { name: string; level: number; owns: RegExp }[] = [
  { name: 'contract', level: 0, owns: /^(contract|check)\.ts$/ },
  { name: 'core', level: 1, owns: /^core\// },
  { name: 'vendor', level: 2, owns: /^vendor\// },
  { name: 'codec', level: 2, owns: /^codec\// },
  { name: 'client', level: 3, owns: /^client\// },
  { name: 'activities', level: 3, owns: /^activities\// },
  { name: 'learning', level: 3, owns: /^learning\// },
  { name: 'workflows', level: 3, owns: /^workflows\// },
  { name: 'emulator', level: 3, owns: /^emulator\// },
  { name: 'nexus', level: 3, owns: /^nexus\// },
  { name: 'server', level: 3, owns: /^server\// },
  { name: 'telemetry', level: 3, owns: /^telemetry\// },
  { name: 'settings', level: 3, owns: /^settings\.ts$/ },
  { name: 'entries', level: 4, owns: /^((index|workflow|testing|plugin|worker)\.ts$|(cli|worker)\/)/ },
];
const layerOf = (file: string) => layers.find(({ owns }) => owns.test(file));
const told = ({ from, to }: Import): string => `${from} -> ${to}`;
const all = sourceFiles.flatMap(importsOf);
const own = all.filter(({ own }) => own);

test('every source file belongs to a layer', () => {
  expect(sourceFiles.filter((file) => layerOf(file) === undefined)).toEqual([]);
});

test('imports go one way', () => {
  const upward = own.filter(({ from, to }) => (layerOf(from)?.level ?? 0) < (layerOf(to)?.level ?? 0));
  expect(upward.map(told)).toEqual([]);
});

test('the emulator shares nothing with the code that it is there to check', () => {
  const shared = own.filter(({ from, to }) => /^emulator\//.test(from) && !/^(emulator\/|contract\.ts)/.test(to));
  expect(shared.map(told)).toEqual([]);
});

test('nothing of the emulator or the dev server gets into what runs in production', () => {
  const names = ['client', 'activities', 'workflows', 'vendor', 'core', 'contract', 'nexus'];
  const loads = own.filter(
    ({ from, to }) => names.includes(layerOf(from)?.name ?? '') && /^(emulator|server)\//.test(to),
  );
  expect(loads.map(told)).toEqual([]);
});

describe('the workflow sandbox', () => {
  const safe = /^(contract\.ts|check\.ts|workflow\.ts|core\/|vendor\/apis\/|workflows\/)/;
  const packages = ['valibot', 'nexus-rpc', '@temporalio/workflow', '@temporalio/common'];

  test.each(sourceFiles.filter((file) => safe.test(file)))('%s loads only what is safe there', (file) => {
    const unsafe = importsOf(file).filter(
      ({ own, to, typeOnly }) => !typeOnly && !(own ? safe.test(to) : packages.includes(to)),
    );
    expect(unsafe.map(told)).toEqual([]);
  });
});

describe('the core is pure', () => {
  const core = sourceFiles.filter((file) => /^core\//.test(file));

  test.each(core)('%s knows no Temporal and no built-in module', (file) => {
    const impure = importsOf(file).filter(({ to }) => to.startsWith('@temporalio/') || isBuiltin(to));
    expect(impure.map(told)).toEqual([]);
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
      .map(told),
  ).toEqual([]);
});
