import { ContractError } from '../errors.ts';
import { describedService, type DescribedCommand, type DescribedEvent, type DescribedService } from './described-service.ts';
import { Documents, type DocumentReader, type Place } from './documents.ts';
import { SchemaWriter } from './schema-code.ts';
import { camelCase, commentText, identifier, Names, pascalCase, propertyKey, quoted } from './typescript-text.ts';

export interface ContractImport {
  /** The AsyncAPI document. */
  readonly file: string;
  readonly service: string;
  /** Verbs of commands, each with the verb of its undo, whose input is then the output of the command. @default no command has an undo */
  readonly undo?: ReadonlyMap<string, string>;
  /** Keywords without an equivalent are noted. @default they are refused */
  readonly unchecked?: boolean;
}

export interface ImportedContract {
  /** A TypeScript module. */
  readonly code: string;
  /** Parts of the document that the contract does not check or keep, one sentence each. */
  readonly notes: readonly string[];
}

/** The first line of a written file begins so; a file that begins otherwise is not replaced. */
export const MADE_BY = '// Made by tutti contracts import';

/**
 * Writes the contract of a service that an AsyncAPI document describes, as a TypeScript module.
 * Input: a reader of files, the document, the name of the service. Output: the text of the module, and notes.
 * Trunk: lib/contract/import/described-service.ts finds commands and events; lib/contract/import/schema-code.ts writes their schemas; the
 * functions below write the contract. Throws `CONTRACT_INVALID` with the file, the place in it, the value and a remedy.
 */
export function importContracts(reader: DocumentReader, { file, service, undo = new Map(), unchecked }: ContractImport): ImportedContract {
  const documents = new Documents(reader);
  const described = describedService(documents, file, service);
  checkUndo(described, undo);
  const names = new Names();
  const own = names.unique(identifier(camelCase(service)));
  const events = new Map(described.events.map(({ type }) => [type, names.unique(identifier(pascalCase(type.slice(service.length + 1))))]));
  const undone = new Map([...new Set(undo.values())].map((verb) => [verb, names.unique(identifier(camelCase(verb)))]));
  const writer = new SchemaWriter(documents, names, { unchecked, exported: described.exported });
  const written = { described, writer, names, events, undone, undo };
  const eventCode = described.events.map((event) => eventText(event, written));
  const commands = new Map(described.commands.map((command) => [command.verb, commandText(command, written)]));
  writer.check();
  const notes = [...described.notes, ...writer.notes];
  const parts = [
    headerText(file, described, notes),
    importsText(described),
    ...writer.definitions.map(({ name, code, type }) => `export const ${name}${type === undefined ? '' : `: ${type}`} = ${code};`),
    ...eventCode,
    ...Array.from(undone, ([verb, name]) => `${commands.get(verb)?.about ?? ''}const ${name} = ${commands.get(verb)?.code};`),
    ...(described.commands.length === 0 ? [] : [serviceText(own, described, commands, undone)]),
  ];
  return { code: `${parts.filter((part) => part !== '').join('\n\n')}\n`, notes };
}

interface Written {
  readonly described: DescribedService;
  readonly writer: SchemaWriter;
  readonly names: Names;
  readonly events: ReadonlyMap<string, string>;
  readonly undone: ReadonlyMap<string, string>;
  readonly undo: ReadonlyMap<string, string>;
}

interface CommandCode {
  /** The comment, with its line end; empty without one. */
  readonly about: string;
  readonly code: string;
}

function checkUndo({ name, commands }: DescribedService, undo: ReadonlyMap<string, string>): void {
  const verbs = commands.map(({ verb }) => verb);
  for (const verb of [...undo].flat())
    if (!verbs.includes(verb))
      throw new ContractError('CONTRACT_INVALID', `The undo of ${name} names the command ${verb}: expected one of ${verbs.join(', ')}.`, {
        remedy: 'Pass --undo with two commands of the document, such as book=cancel.',
      });
  for (const [, by] of undo)
    if (undo.has(by))
      throw new ContractError(
        'CONTRACT_INVALID',
        `The undo of ${name} undoes ${by}, which is itself an undo: expected an undo without one.`,
        {
          remedy: 'Pass one --undo for each command that has an effect of its own.',
        },
      );
}

function headerText(file: string, { name }: DescribedService, notes: readonly string[]): string {
  const lines = [
    `${MADE_BY} ${commentText(file)} --service ${name}. The next import replaces this file: change the document instead.`,
    '// The document has no retry, timeout or dedupeBy. An upcast here reads data of the previous version as the next one.',
    ...notes.map((note) => `// Note: ${commentText(note)}.`),
  ];
  return lines.join('\n');
}

function importsText({ commands, events }: DescribedService): string {
  const several = [...commands.flatMap(({ input, output }) => [input, output ?? []]), ...events.map(({ data }) => data)].some(
    (schemas) => typeof schemas !== 'string' && schemas.length > 1,
  );
  const used = [
    ...(commands.length > 0 ? ['command'] : []),
    ...(events.length > 0 ? ['event'] : []),
    ...(commands.length > 0 ? ['service'] : []),
    ...(several ? ['versions'] : []),
  ];
  return `import * as z from 'zod';\nimport { ${used.join(', ')} } from 'tutti';`;
}

/** The name of a schema, or its versions, each with an upcast that reads the previous one. */
function schemaText(schemas: readonly Place[], name: string, { writer }: Written): string {
  const [first, ...later] = schemas.map((place, index) => writer.define(place, schemas.length === 1 ? name : `${name}V${index + 1}`));
  return later.reduce(
    (code, next) => `${code}.next(${next}, (old) => ${next}.parse(old))`,
    later.length === 0 ? (first as string) : `versions(${first})`,
  );
}

function aboutText(about: string | undefined): string {
  return about === undefined ? '' : `/** ${commentText(about)} */\n`;
}

function eventText({ type, about, data }: DescribedEvent, written: Written): string {
  const name = written.events.get(type) as string;
  return `${aboutText(about)}export const ${name} = event(${quoted(type)}, ${schemaText(data, `${name}Data`, written)});`;
}

function commandText({ verb, about, input, output, errors }: DescribedCommand, written: Written): CommandCode {
  const stem = pascalCase(verb);
  const members = [`input: ${schemaText(input, `${stem}Input`, written)},`];
  if (typeof output === 'string') members.push(`output: ${written.events.get(output)},`);
  else if (output !== undefined) members.push(`output: ${schemaText(output, `${stem}Output`, written)},`);
  const declared = Array.from(
    errors,
    ([error, place]) => `${propertyKey(error)}: ${written.writer.define(place, `${stem}${pascalCase(error)}`)}`,
  );
  if (declared.length > 0) members.push(`errors: { ${declared.join(', ')} },`);
  const by = written.undo.get(verb);
  if (by !== undefined) members.push(`undo: { command: ${written.undone.get(by)}, input: (_input, output) => output },`);
  return { about: aboutText(about), code: `command({\n${members.map((member) => `  ${member}`).join('\n')}\n})` };
}

function serviceText(
  name: string,
  described: DescribedService,
  commands: ReadonlyMap<string, CommandCode>,
  undone: ReadonlyMap<string, string>,
): string {
  const members = Array.from(commands, ([verb, { about, code }]) => {
    const reused = undone.get(verb);
    const text =
      reused === undefined ? `${about}${propertyKey(verb)}: ${code},` : reused === verb ? `${verb},` : `${propertyKey(verb)}: ${reused},`;
    return text.replaceAll(/^/gm, '  ');
  });
  return `export const ${name} = service(${quoted(described.name)}, {\n${members.join('\n')}\n});`;
}
