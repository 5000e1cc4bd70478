/** The shipped JSON Schemas, to hold what is produced against what other languages rely on. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import type { contractSchemas } from '../../src/contract.js';

const ajv = new Ajv2020({ strict: true, strictTypes: false });
addFormats.default(ajv);
const compiled = new Map<string, ValidateFunction>();

/** Fails unless the value, once it has been through JSON, is valid by `schemas/<name>.json`. */
export function expectValid(name: keyof typeof contractSchemas, value: unknown): void {
  let validate = compiled.get(name);
  if (validate === undefined) {
    const file = new URL(`../../schemas/${name}.json`, import.meta.url);
    validate = ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
    compiled.set(name, validate);
  }
  const valid = validate(JSON.parse(JSON.stringify(value)));
  expect(valid, `${name}: ${ajv.errorsText(validate.errors)}`).toBe(true);
}
