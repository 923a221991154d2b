import { schemaFile, refTo, type ExportedFile } from './exported-file.ts';
import { isEvent } from '../event.ts';
import { jsonSchemaOf, type JsonSchema } from './json-schema.ts';
import type { CommandContract, EventContract } from '../runtime-contract.ts';
import { type Schema, stepsOf, versionOf } from '../schema.ts';

/** The paths of the schemas of an event message, a command message and its replies. */
export function eventMessagePath(type: string): string {
  return `messages/${type}.event.json`;
}
export function commandMessagePath(name: string): string {
  return `messages/${name}.command.json`;
}
export function replyMessagePath(name: string): string {
  return `messages/${name}.reply.json`;
}

/** The schema of the answer of an event, in its newest version. */
export function answerPath({ type, answer }: EventContract & { readonly answer: Schema }): string {
  return `${answerStem(type)}.v${versionOf(answer)}.json`;
}
function answerStem(type: string): string {
  return `events/${type}.answer`;
}

/** The files of an event: one for each version of its data and of its answer, and its message. */
export function eventFiles(system: string, event: EventContract): readonly ExportedFile[] {
  const stem = `events/${event.type}`;
  const message = { title: event.type, allOf: [refTo('envelopes/event.json'), typed(event.type), versioned(event.data, stem)] };
  return [
    ...versionFiles(system, event.data, stem, event.type),
    ...(event.answer === undefined ? [] : versionFiles(system, event.answer, answerStem(event.type), `${event.type}, answer`)),
    schemaFile(system, eventMessagePath(event.type), message),
  ];
}

/** The files of a command: its input, output and errors, one for each version, its message and its reply message. */
export function commandFiles(system: string, command: CommandContract): readonly ExportedFile[] {
  const { name, about, input, output } = command;
  const stem = `commands/${name}`;
  const described = about === undefined ? {} : { description: about };
  const message = { title: name, ...described, allOf: [refTo('envelopes/command.json'), typed(name), versioned(input, `${stem}.input`)] };
  return [
    // A form that is made from the input shows the purpose of the command. A schema with a description of its own keeps it.
    ...versionFiles(system, input, `${stem}.input`, `${name}, input`).map(({ path, json }) => ({
      path,
      json: 'description' in json ? json : { ...json, ...described },
    })),
    ...(isEvent(output) ? [] : versionFiles(system, output, `${stem}.output`, `${name}, output`)),
    // A failure has no version field: its data always has the newest version.
    ...Object.entries(command.errors).map(([type, schema]) =>
      schemaFile(system, errorPath(name, type), jsonSchemaOf(schema, `${name}, error ${type}`)),
    ),
    schemaFile(system, commandMessagePath(name), message),
    schemaFile(system, replyMessagePath(name), replySchema(command)),
  ];
}

function errorPath(name: string, type: string): string {
  return `commands/${name}.error.${type}.json`;
}

function versionFiles(system: string, schema: Schema, stem: string, what: string): readonly ExportedFile[] {
  const schemas = stepsOf(schema)?.map((step) => step.schema) ?? [schema];
  return schemas.map((each, index) =>
    schemaFile(
      system,
      `${stem}.v${index + 1}.json`,
      jsonSchemaOf(each, index + 1 === schemas.length ? what : `${what}, version ${index + 1}`),
    ),
  );
}

function typed(type: string): JsonSchema {
  return { properties: { type: { const: type } } };
}

/** A schema that selects the data by its version; an absent `dataversion` means 1. */
function versioned(schema: Schema, stem: string): JsonSchema {
  const newest = versionOf(schema);
  const each = Array.from({ length: newest }, (_, index): JsonSchema => {
    const version = index + 1;
    const properties = { dataversion: { const: version }, data: refTo(`${stem}.v${version}.json`) };
    return version === 1 ? { properties } : { properties, required: ['dataversion'] };
  });
  return newest === 1 ? (each[0] as JsonSchema) : { oneOf: each };
}

function replySchema(command: CommandContract): JsonSchema {
  const { name, output, outputEvent } = command;
  const stem = outputEvent === undefined ? `commands/${name}.output` : `events/${outputEvent}`;
  const bare = (outcome: string): JsonSchema => outcomeSchema(`${name}.${outcome}`, outcome, { properties: { data: { type: 'null' } } });
  const unknown: JsonSchema = { properties: { data: { oneOf: [{ type: 'null' }, LAST_ERROR] } } };
  return {
    title: `${name}, reply`,
    allOf: [refTo('envelopes/reply.json')],
    oneOf: [
      outcomeSchema(outputEvent ?? `${name}.completed`, 'completed', versioned(output, stem)),
      outcomeSchema(`${name}.failed`, 'failed', failureSchema(command)),
      bare('cancelled'),
      bare('deferred'),
      outcomeSchema(`${name}.unknown`, 'unknown', unknown),
    ],
  };
}

/** The error of the last run that ended without a reply. */
const LAST_ERROR: JsonSchema = {
  type: 'object',
  properties: { type: { type: 'string' }, message: { type: 'string' }, data: { type: 'null' } },
  required: ['type', 'message', 'data'],
};

function outcomeSchema(type: string, outcome: string, more: JsonSchema): JsonSchema {
  return {
    title: outcome,
    properties: { outcome: { const: outcome }, type: { const: type } },
    allOf: [more],
  };
}

/** A declared error with its data, or a technical failure of any type, which has `retryable: true`. */
function failureSchema({ name, errors }: CommandContract): JsonSchema {
  const declared = Object.keys(errors).map((type): JsonSchema => ({
    properties: { type: { const: type }, data: refTo(errorPath(name, type)) },
  }));
  return {
    if: { properties: { retryable: { const: true } }, required: ['retryable'] },
    else: { properties: { data: declared.length === 0 ? false : { oneOf: declared } } },
  };
}
