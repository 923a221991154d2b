import type { StandardJSONSchemaV1 } from '@standard-schema/spec';
import { ContractError } from '../errors.ts';
import type { Schema } from '../schema.ts';

/** A JSON Schema as plain JSON. */
export type JsonSchema = { readonly [key: string]: unknown };

export const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/**
 * The JSON Schema of the parsed value, which contains fields that a writer may omit and a reader always gets. It allows unknown members if the
 * schema itself ignores them, because a newer writer may send more. Throws `SCHEMA_WITHOUT_JSON_SCHEMA`, whose message begins with `what`,
 * such as `payments.charge, input`.
 */
export function jsonSchemaOf(schema: Schema, what: string): JsonSchema {
  const { vendor, jsonSchema } = schema['~standard'] as Schema['~standard'] & Partial<StandardJSONSchemaV1.Props>;
  if (jsonSchema === undefined)
    throw new ContractError('SCHEMA_WITHOUT_JSON_SCHEMA', `${what}: its schema, of the library ${vendor}, has no ~standard.jsonSchema.`);
  try {
    const options = { target: 'draft-2020-12' };
    const { $schema: _dialect, ...described } = relaxed(jsonSchema.output(options), jsonSchema.input(options)) as Record<string, unknown>;
    return described;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ContractError(
      'SCHEMA_WITHOUT_JSON_SCHEMA',
      `${what}: the library ${vendor} cannot convert its schema to JSON Schema: ${why}.`,
      {
        cause,
      },
    );
  }
}

/** `output` without each `additionalProperties: false` that `input` does not have. */
function relaxed(output: unknown, input: unknown): unknown {
  if (Array.isArray(output)) return output.map((element, index) => relaxed(element, Array.isArray(input) ? input[index] : undefined));
  if (typeof output !== 'object' || output === null) return output;
  const accepted = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
  const members = Object.entries(output).filter(
    ([key, value]) => key !== 'additionalProperties' || value !== false || accepted[key] === false,
  );
  return Object.fromEntries(members.map(([key, value]) => [key, relaxed(value, accepted[key])]));
}
