import { DIALECT, type JsonSchema } from './json-schema.ts';

/** A file of exported contracts, with its path below the target folder. */
export interface ExportedFile {
  readonly path: string;
  readonly json: JsonSchema;
}

/** A schema as a file. Its `$id` mirrors the path, so that relative references resolve both by folder and by `$id`. */
export function schemaFile(system: string, path: string, schema: JsonSchema): ExportedFile {
  return { path, json: { $schema: DIALECT, $id: `tutti://${system}/${path}`, ...schema } };
}

/** A reference from a schema in one folder to a file in another. */
export function refTo(path: string): JsonSchema {
  return { $ref: `../${path}` };
}
