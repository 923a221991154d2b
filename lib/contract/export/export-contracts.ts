import { asyncApi, type Places } from './async-api.ts';
import { ENVELOPE_SCHEMAS } from './envelope-schema.ts';
import { schemaFile, type ExportedFile } from './exported-file.ts';
import { commandFiles, eventFiles } from './message-schemas.ts';
import { systemContract, withoutSteps, type System } from '../system.ts';

/**
 * The contracts of a system for any language: JSON Schemas of events, commands, replies and envelopes, and one AsyncAPI document. Equal
 * contracts give equal files, sorted by path. Throws `SCHEMA_WITHOUT_JSON_SCHEMA`.
 *
 * Input: a system and the names of its deployment. Output: files, as path and text. Trunk: message-schemas.ts and envelope-schema.ts make the
 * schemas, async-api.ts the document; breaking-changes.ts compares two exports.
 */
export function exportContracts(system: System<string>, places: Places): readonly ExportedFile[] {
  const contract = withoutSteps(systemContract(system));
  const { name } = contract;
  const files = [
    ...Object.entries(ENVELOPE_SCHEMAS).map(([kind, schema]) => schemaFile(name, `envelopes/${kind}.json`, schema)),
    ...[...contract.events.values()].flatMap((event) => eventFiles(name, event)),
    ...[...contract.commands.values()].flatMap((command) => commandFiles(name, command)),
    { path: 'asyncapi.json', json: asyncApi(contract, places) },
  ];
  return files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}
