import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

// Code in the documents compiles as it is printed. A block that begins with a comment `// name.ts` is a file of that name, beside the
// other blocks of its page; nothing is written to disk.
const root = fileURLToPath(new URL('../../', import.meta.url)).replaceAll('\\', '/');
const pages = [
  'README.md',
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
  types: ['node'],
  lib: ['lib.es2023.d.ts'],
  paths: {
    'temporal-tryon': [`${root}src/index.ts`],
    'temporal-tryon/workflow': [`${root}src/workflow.ts`],
    'temporal-tryon/testing': [`${root}src/testing.ts`],
  },
};

/** The TypeScript blocks of a page, by the path that each would have. */
function blocksOf(page: string, text: string): Map<string, string> {
  const blocks = new Map<string, string>();
  for (const [, code = ''] of text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)) {
    const name = /^\/\/ ([\w-]+\.ts)\b/.exec(code)?.[1] ?? `block-${blocks.size + 1}.ts`;
    const path = posix.join(root, 'test/package/virtual', page.replace(/\W/g, '-'), name);
    if (blocks.has(path)) throw new Error(`${page} has two blocks named ${name}`);
    blocks.set(path, code);
  }
  return blocks;
}

/** What the compiler says of files that exist in memory only. */
function complaints(files: ReadonlyMap<string, string>): string[] {
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile, directoryExists } = host;
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.directoryExists = (path) =>
    [...files.keys()].some((file) => file.startsWith(`${path}/`)) || (directoryExists?.(path) ?? true);
  host.getSourceFile = (path, target, ...rest) => {
    const text = files.get(path);
    return text === undefined ? getSourceFile(path, target, ...rest) : ts.createSourceFile(path, text, target, true);
  };
  const compiler = ts.createProgram({ rootNames: [...files.keys()], options, host });
  return ts
    .getPreEmitDiagnostics(compiler)
    .filter(({ file }) => file === undefined || files.has(file.fileName))
    .map(({ file, start, messageText }) => {
      const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line + 1;
      const name = file === undefined ? '' : file.fileName.split('/virtual/')[1];
      return `${name}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
}

test('TypeScript in README and docs compiles as printed', { timeout: 120_000 }, () => {
  const files = new Map(pages.flatMap((page) => [...blocksOf(page, readFileSync(`${root}${page}`, 'utf8'))]));
  expect(files.size).toBeGreaterThan(5);
  expect([...files.keys()].filter((path) => existsSync(path))).toEqual([]);
  const wrong = new Map([
    [`${root}test/package/virtual/wrong.ts`, "import { noSuchThing } from 'temporal-tryon';\nnoSuchThing();\n"],
  ]);
  // Together, so that the compiler reads everything once; the wrong one proves that it is asked.
  const said = complaints(new Map([...files, ...wrong]));
  expect(said.filter((line) => !line.startsWith('wrong.ts'))).toEqual([]);
  expect(said).toEqual([expect.stringContaining("no exported member 'noSuchThing'")]);
});
