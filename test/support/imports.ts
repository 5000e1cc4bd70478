/** Reads which modules a source file needs at run time, and which for its types alone. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../src', import.meta.url));

/** One import or re-export. `to` is a path within `src` (`poll/reply.ts`) or a package or built-in name. */
export interface Import {
  from: string;
  to: string;
  own: boolean;
  typeOnly: boolean;
}

/** All source files, relative to `src`, with `/`. */
export const sourceFiles: string[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts'))
  .sort();

/** A source file as TypeScript reads it. */
export function parsed(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(`${root}/${file}`, 'utf8'), ts.ScriptTarget.Latest, true);
}

/** The imports of one file, `import()` among them. */
export function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Expression | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const own = specifier.text.startsWith('.');
    const to = own
      ? posix.join(posix.dirname(file), specifier.text).replace(/\.js$/, '.ts')
      : specifier.text.split('/', specifier.text.startsWith('@') ? 2 : 1).join('/');
    found.push({ from: file, to, own, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      // With verbatimModuleSyntax `import { type A }` is still loaded; only `import type` goes away.
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(parsed(file));
  return found;
}

/** What loading a file loads: own files and packages, with what imports them. */
export function loadedBy(file: string): Import[] {
  const seen = new Set([file]);
  const all: Import[] = [];
  const queue = [file];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const found of importsOf(next)) {
      if (found.typeOnly) continue;
      all.push(found);
      if (!found.own || seen.has(found.to)) continue;
      seen.add(found.to);
      queue.push(found.to);
    }
  }
  return all;
}

/** Groups of names that lead to each other, each sorted: what Tarjan (1972) calls strongly connected components of more than one. */
export function circles(edges: readonly (readonly [from: string, to: string])[]): string[][] {
  const next = new Map<string, string[]>();
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const path: string[] = [];
  const found: string[][] = [];
  const visit = (name: string): void => {
    order.set(name, order.size);
    lowest.set(name, order.get(name) as number);
    path.push(name);
    for (const to of next.get(name) ?? []) {
      if (!order.has(to)) visit(to);
      if (path.includes(to)) lowest.set(name, Math.min(lowest.get(name) as number, lowest.get(to) as number));
    }
    if (lowest.get(name) !== order.get(name)) return;
    const group = path.splice(path.indexOf(name)).sort();
    if (group.length > 1) found.push(group);
  };
  for (const name of next.keys()) if (!order.has(name)) visit(name);
  return found;
}
