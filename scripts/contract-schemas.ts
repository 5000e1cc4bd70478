/** JSON Schemas (draft 2020-12) of the contract's shapes, from the definitions that the code itself checks with. */
import { toJsonSchema } from '@valibot/to-json-schema';
import { contractSchemas } from '../src/contract.js';

/**
 * File names and texts. Inputs are closed (`additionalProperties: false`); outputs are open to new fields, at every depth, so
 * that an older reader takes what a newer worker sends. What JSON Schema has no words for (no task twice, a day that exists) is
 * left out: the workflow refuses it.
 */
export function schemaFiles(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(contractSchemas).map(([name, schema]) => {
      const { $schema, ...rest } = toJsonSchema(schema, { target: 'draft-2020-12', errorMode: 'ignore' });
      const body = rest.additionalProperties === false ? rest : opened(rest);
      const document = { $schema, $id: `urn:temporal-tryon:contract:1:${name}`, title: name, ...body };
      return [`${name}.json`, `${JSON.stringify(document, null, 2)}\n`];
    }),
  );
}

/** An output may hold a shape that is closed as an input: a status lists its subscribers. */
function opened<T>(schema: T): T {
  return JSON.parse(JSON.stringify(schema), (_key, value) => {
    if (value?.additionalProperties !== false) return value;
    const { additionalProperties, ...open } = value;
    return open;
  });
}
