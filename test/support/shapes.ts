/** The shapes that workers of two versions exchange about one wait, as the sources declare them. */
import ts from 'typescript';
import { parsed } from './imports.js';

/** Fields of each interface: their types as text. The name of an optional one ends with `?`. */
export type Shapes = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The interfaces that are a contract between versions, by file. */
const declaredIn = {
  'poll/poll-state.ts': ['PollInput', 'PollState', 'PollReport', 'PollEnd', 'PollError', 'Recheck'],
  'poll/pending-details.ts': ['PendingDetails'],
} as const;

/** Reads the shapes from the sources. */
export function shapesNow(): Shapes {
  const shapes: Record<string, Record<string, string>> = {};
  for (const [file, names] of Object.entries(declaredIn)) {
    for (const statement of parsed(file).statements) {
      if (!ts.isInterfaceDeclaration(statement) || !(names as readonly string[]).includes(statement.name.text))
        continue;
      shapes[statement.name.text] = Object.fromEntries(
        statement.members.filter(ts.isPropertySignature).map((member) => {
          const type = member.type?.getText().replace(/\s+/g, ' ') ?? 'any';
          return [`${member.name.getText()}${member.questionToken === undefined ? '' : '?'}`, type];
        }),
      );
    }
  }
  return shapes;
}

/** Alternatives of a union: more of them are no change for who writes those of before. */
const alternatives = (type: string): string[] => type.split('|').map((one) => one.trim());

/**
 * What breaks the rule that these shapes gain nothing but optional fields.
 * @returns one line for each field that is gone, renamed, of another type, or new and required
 */
export function brokenShapes(before: Shapes, now: Shapes): string[] {
  return Object.entries(before).flatMap(([name, fields]) => {
    const present = now[name];
    if (present === undefined) return [`${name} is gone`];
    const lost = Object.entries(fields).flatMap(([field, type]) => {
      const found = present[field];
      if (found === undefined) return [`${name}.${field} is gone, renamed, or no longer as optional as it was`];
      const isKept = alternatives(type).every((one) => alternatives(found).includes(one));
      return isKept ? [] : [`${name}.${field} was ${type} and is ${found}`];
    });
    const required = Object.keys(present).filter((field) => !field.endsWith('?') && !(field in fields));
    return [...lost, ...required.map((field) => `${name}.${field} is new and required`)];
  });
}
