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
  return described(schema, what, (jsonSchema) => relaxed(jsonSchema.output(OPTIONS), jsonSchema.input(OPTIONS)));
}

/** The JSON Schema of the value that a writer passes, in which fields with a default are optional. Throws as `jsonSchemaOf` does. */
export function inputSchemaOf(schema: Schema, what: string): JsonSchema {
  return described(schema, what, (jsonSchema) => jsonSchema.input(OPTIONS));
}

const OPTIONS = { target: 'draft-2020-12' } as const;

function described(schema: Schema, what: string, describe: (jsonSchema: StandardJSONSchemaV1.Converter) => unknown): JsonSchema {
  const { vendor, jsonSchema } = schema['~standard'] as Schema['~standard'] & Partial<StandardJSONSchemaV1.Props>;
  if (jsonSchema === undefined)
    throw new ContractError('SCHEMA_WITHOUT_JSON_SCHEMA', `${what}: its schema, of the library ${vendor}, has no ~standard.jsonSchema.`);
  try {
    const { $schema: _dialect, ...rest } = describe(jsonSchema) as Record<string, unknown>;
    return rest;
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
