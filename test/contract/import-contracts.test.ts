import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import * as tutti from 'tutti';
import { documentReader } from '../../bin/contract-files.ts';
import { orders } from '../../examples/order-fulfilment/fulfil-order.ts';
import { trips } from '../../examples/travel-booking/system.ts';
import { breakingChanges } from '../../lib/contract/export/breaking-changes.ts';
import { exportContracts } from '../../lib/contract/export/export-contracts.ts';
import type { ExportedFile } from '../../lib/contract/export/exported-file.ts';
import { commandFiles, eventFiles } from '../../lib/contract/export/message-schemas.ts';
import { eventContract, isEvent } from '../../lib/contract/event.ts';
import type { DocumentReader } from '../../lib/contract/import/documents.ts';
import { importContracts, type ContractImport } from '../../lib/contract/import/import-contracts.ts';
import { serviceContract, type AnyService } from '../../lib/contract/service.ts';
import { systemContract, type System } from '../../lib/contract/system.ts';
import { runsOf } from '../property-runs.ts';

const PLACES = { bus: 'bus', queue: (service: string) => service, deadLetter: (queue: string) => `${queue}-dead-letter` };

/** The files of an export, read without a disk. */
function readerOf(files: readonly ExportedFile[]): DocumentReader {
  const byPath = new Map(files.map(({ path, json }) => [path, JSON.parse(JSON.stringify(json)) as unknown]));
  return {
    read: (file) => byPath.get(file),
    beside: (file, relative) => new URL(relative, `file:///${file}`).pathname.slice(1),
  };
}

/** The exports of a written module, which is evaluated with this repository's tutti and zod. */
function evaluated(code: string): Readonly<Record<string, unknown>> {
  const names = [...code.matchAll(/^export const (\w+)(?:: \S+)? =/gm)].map(([, name]) => name);
  const body = code.replaceAll(/^import .*$/gm, '').replaceAll(/^export const (\w+)(?:: \S+)? =/gm, 'const $1 =');
  // oxlint-disable-next-line typescript/no-implied-eval -- the module under test exists as text only
  const run = new Function('z', 'tutti', `const { command, event, service, versions } = tutti;\n${body}\nreturn { ${names.join(', ')} };`);
  return run(z, tutti) as Readonly<Record<string, unknown>>;
}

/** The exported schemas of the services and events of a module. */
function schemasOf(system: string, module: Readonly<Record<string, unknown>>): readonly ExportedFile[] {
  return Object.values(module).flatMap((value) => {
    if (isEvent(value as never)) return eventFiles(system, eventContract(value as never));
    const held = (value as Partial<AnyService> | null)?.['~'];
    if (typeof held?.name !== 'string') return [];
    return [...serviceContract(value as AnyService).commands.values()].flatMap((command) => commandFiles(system, command));
  });
}

const ofOwner = (files: readonly ExportedFile[], owner: string): readonly ExportedFile[] =>
  files.filter(({ path }) => path.startsWith(`commands/${owner}.`) || path.startsWith(`events/${owner}.`));

/** Exports a system, imports what belongs to one owner, and exports that again. */
function roundTrip(system: System<string>, owner: string) {
  const files = exportContracts(system, PLACES);
  const { code } = importContracts(readerOf(files), { file: 'asyncapi.json', service: owner });
  return { code, before: ofOwner(files, owner), after: ofOwner(schemasOf(system.name, evaluated(code)), owner) };
}

describe('the import of an export', () => {
  const owners = [trips, orders].flatMap((system) => {
    const services = system['~'].services.map((service) => serviceContract(service).name);
    const ofEvents = Array.from(systemContract(system).events.values(), ({ owner }) => owner);
    return [...new Set([...services, ...ofEvents])].map((owner) => ({ name: system.name, owner, system }));
  });

  test.each(owners)('the contract of $owner in $name has the schemas of the exported one', ({ system, owner }) => {
    const { before, after } = roundTrip(system, owner);
    expect(before.length).toBeGreaterThan(0);
    expect(after.map(({ path }) => path).toSorted()).toEqual(before.map(({ path }) => path));
    expect(breakingChanges(before, after)).toEqual([]);
    expect(breakingChanges(after, before)).toEqual([]);
  });

  test('versions and their numbers survive, and old data is read as the next version', () => {
    const Old = z.object({ street: z.string() });
    const New = z.object({ street: z.string(), city: z.string().default('Lisbon') });
    const post = tutti.service('post', { send: tutti.command({ input: tutti.versions(Old).next(New, (old) => old) }) });
    const go = tutti.process('go', { input: z.object({}) }, async (ctx) => void (await ctx.call(post.send, { street: 'Rua' })));
    const { code, before, after } = roundTrip(tutti.system('mail', { processes: [go], services: [post] }), 'post');
    expect(code).toContain('versions(SendInputV1).next(SendInputV2, (old) => SendInputV2.parse(old))');
    expect(breakingChanges(before, after)).toEqual([]);
    expect(after.map(({ path }) => path)).toEqual(before.map(({ path }) => path));
  });

  const name = fc.stringMatching(/^[a-z][a-zA-Z0-9_]{0,8}$/).filter((each) => each !== '__proto__');
  const literals = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 6 }), { minLength: 1, maxLength: 4 });
  const text = fc
    .record({
      min: fc.option(fc.nat(3)),
      max: fc.option(fc.integer({ min: 3, max: 99 })),
      pattern: fc.option(fc.constantFrom(/^a+$/, /\d\/\\/, /^[\p{L} ]+$/u, /'"`/)),
    })
    .map(({ min, max, pattern }) => {
      let schema = z.string();
      if (min !== null) schema = schema.min(min);
      if (max !== null) schema = schema.max(max);
      return pattern === null ? schema : schema.regex(pattern);
    });
  const number = fc
    .record({
      int: fc.boolean(),
      min: fc.option(fc.integer({ min: -9, max: 9 })),
      gt: fc.boolean(),
      max: fc.option(fc.integer({ min: 9, max: 99 })),
    })
    .map(({ int, min, gt, max }) => {
      let schema: z.ZodNumber = int ? z.int() : z.number();
      if (min !== null) schema = gt ? schema.gt(min) : schema.min(min);
      return max === null ? schema : schema.max(max);
    });
  const formatted = fc.constantFrom<() => z.ZodType>(
    () => z.email(),
    () => z.uuid(),
    () => z.iso.date(),
    () => z.iso.datetime(),
    () => z.iso.datetime({ offset: true }),
    () => z.iso.time(),
    () => z.iso.duration(),
    () => z.url(),
    () => z.ipv4(),
    () => z.base64(),
    () => z.ulid(),
    () => z.e164(),
    () => z.string().startsWith('a').endsWith('z'),
    () => z.string().lowercase(),
    () => z.json(),
  );
  const schemas = fc.letrec<{ any: z.ZodType; object: z.ZodObject }>((tie) => ({
    object: fc
      .record({
        members: fc.dictionary(name, fc.tuple(tie('any'), fc.constantFrom('required', 'optional')), { maxKeys: 4, noNullPrototype: true }),
        strict: fc.boolean(),
        about: fc.option(fc.string({ unit: 'binary', maxLength: 12 })),
      })
      .map(({ members, strict, about }) => {
        const shape = Object.fromEntries(
          Object.entries(members).map(([key, [each, how]]) => [key, how === 'optional' ? each.optional() : each]),
        );
        const made: z.ZodObject = strict ? z.strictObject(shape) : z.object(shape);
        return about === null ? made : made.describe(about);
      }),
    any: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'schema' },
      text,
      number,
      fc.constantFrom(z.boolean(), z.null()),
      formatted.map((make) => make()),
      literals.map((values) => z.enum(values as [string, ...string[]])),
      fc.constantFrom(z.literal(7), z.literal(true), z.literal([1, 2]), z.literal(['a', 1, null])),
      fc.constantFrom(z.string().default("it's"), z.int().default(3)),
      tie('object'),
      fc.tuple(tie('any'), fc.option(fc.nat(3)), fc.option(fc.integer({ min: 3, max: 9 }))).map(([element, min, max]) => {
        let schema = z.array(element);
        if (min !== null) schema = schema.min(min);
        return max === null ? schema : schema.max(max);
      }),
      fc.tuple(tie('any'), tie('any')).map(([one, other]) => z.tuple([one, other])),
      fc.tuple(tie('any'), tie('any')).map(([one, rest]) => z.tuple([one], rest)),
      fc.tuple(tie('any'), tie('any')).map(([one, other]) => z.union([one, other])),
      tie('any').map((each) => each.nullable()),
      tie('any').map((each) => z.record(z.string(), each)),
      tie('any').map((each) => z.record(z.enum(['x', 'y']), each)),
      tie('any').map((each) => z.partialRecord(z.enum(['x', 'y']), each)),
      fc
        .tuple(tie('object'), tie('object'))
        .map(([one, other]) =>
          z.discriminatedUnion('kind', [one.extend({ kind: z.literal('one') }), other.extend({ kind: z.literal('other') })]),
        ),
    ),
  }));

  test('any contract of zod survives the round trip: neither direction has a breaking change', () => {
    fc.assert(
      fc.property(schemas.object, schemas.any, schemas.any, name, (input, output, error, errorName) => {
        const desk = tutti.service('desk', {
          act: tutti.command({ input: input as never, output: output as never, errors: { [`E${errorName}`]: error as never } }),
        });
        const Acted = tutti.event('desk.acted', output as never);
        const act = tutti.process('act', { startOn: Acted.byId(() => 'one') }, async () => {});
        const { code, before, after } = roundTrip(tutti.system('acting', { processes: [act], services: [desk] }), 'desk');
        const found = {
          code,
          paths: after.map(({ path }) => path).toSorted(),
          changes: [...breakingChanges(before, after), ...breakingChanges(after, before)],
        };
        expect(found).toEqual({ code, paths: before.map(({ path }) => path), changes: [] });
      }),
      { numRuns: runsOf(150) },
    );
  });
});

describe('the import of documents of other tools', () => {
  const folder = new URL('imported/', import.meta.url);
  const imported = (file: string, options: Omit<ContractImport, 'file'>) => {
    const path = fileURLToPath(new URL(file, folder));
    const { code, notes } = importContracts(documentReader, { file: path, ...options });
    return { code: code.replace(path, file), notes: notes.map((note) => note.replaceAll(fileURLToPath(folder), '')) };
  };

  // The written modules are part of this repository, so the compiler checks them as a user's compiler does.
  test.each([
    ['hotels.yaml', 'hotels.ts', { service: 'hotels', undo: new Map([['book', 'cancel']]) }],
    ['weather.yaml', 'weather.ts', { service: 'weather' }],
    ['topics.yaml', 'topics.ts', { service: 'topics' }],
  ])('%s becomes %s', async (document, module, options) => {
    await expect(imported(document, options).code.replaceAll(fileURLToPath(folder), '')).toMatchFileSnapshot(
      fileURLToPath(new URL(module, folder)),
    );
  });

  test('what a contract does not keep or check is a note with its place', () => {
    expect(imported('hotels.yaml', { service: 'hotels' }).notes).toEqual([
      'messages that are not of hotels were left out: shop.cart-checked-out',
      'the format "date" is an annotation and is not checked (schemas/stay.json#/properties/from/format, hotels.yaml#/components/messages/full/payload/properties/freeFrom/format)',
      'an array must have all elements of prefixItems (schemas/stay.json#/properties/guests/items)',
      'x-internal is not kept (hotels.yaml#/components/schemas/Price/x-internal)',
    ]);
    expect(imported('weather.yaml', { service: 'weather' }).notes).toEqual([
      'the message stormSighted is read as the event weather.storm-sighted',
    ]);
  });
});

/** A document of the service desk with one command of this input. */
const deskOf = (input: unknown, more: object = {}): object => ({
  asyncapi: '3.0.0',
  operations: { act: { action: 'receive', messages: [{ $ref: '#/components/messages/act' }] } },
  components: { messages: { act: { payload: input } }, ...more },
});
const reading = (document: unknown): DocumentReader => ({
  read: (file) => {
    if (file === 'desk.json') return document;
    throw new Error(`There is no ${file}.`);
  },
  beside: (_file, relative) => relative,
});
const importDesk = (document: unknown, options: Partial<ContractImport> = {}) =>
  importContracts(reading(document), { file: 'desk.json', service: 'desk', ...options });
const inputCode = (schema: unknown, more?: object): string =>
  /export const ActInput = ([\s\S]*?);\n/.exec(importDesk(deskOf(schema, more)).code)?.[1]?.replaceAll(/\s+/g, ' ') ?? '';

describe('the code of a schema', () => {
  test.each<[unknown, string]>([
    [true, 'z.json()'],
    [{}, 'z.json()'],
    [{ type: 'object' }, 'z.record(z.string(), z.json())'],
    [{ type: 'object', properties: {} }, 'z.object({})'],
    [{ type: 'object', required: ['a'] }, 'z.object({ a: z.json(), })'],
    [
      { type: 'object', properties: { 'a-b': { type: 'boolean' } }, additionalProperties: { type: 'string' } },
      "z.object({ 'a-b': z.boolean().optional(), }).catchall(z.string())",
    ],
    [{ type: ['integer', 'null'], minimum: 0 }, 'z.int().min(0).nullable()'],
    [{ type: ['string', 'number'] }, 'z.union([z.string(), z.number()])'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'z.string().nullable()'],
    [{ oneOf: [{ type: 'string' }, { type: 'integer' }] }, 'z.xor([z.string(), z.int()])'],
    [{ enum: [1, 'a', null] }, "z.literal([1, 'a', null])"],
    [{ type: 'string', const: "it's" }, "z.literal('it\\'s')"],
    [{ type: 'string', format: 'uri' }, "z.string().meta({ format: 'uri' })"],
    [{ type: 'string', pattern: '^a/b$' }, 'z.string().regex(/^a\\/b$/u)'],
    [{ type: 'string', allOf: [{ pattern: 'a' }, { pattern: 'b' }] }, 'z.string().regex(/a/u).regex(/b/u)'],
    [{ type: 'array', prefixItems: [{ type: 'string' }], items: false }, 'z.tuple([z.string()])'],
    [{ type: 'array', prefixItems: [{ type: 'string' }] }, 'z.tuple([z.string()], z.json())'],
    [{ minLength: 2 }, 'z.string().min(2)'],
    [
      { type: 'string', title: 'T', deprecated: true, description: 'about' },
      "z.string().describe('about').meta({ title: 'T', deprecated: true })",
    ],
    [
      {
        allOf: [
          { type: 'object', properties: {} },
          { type: 'object', properties: {} },
        ],
      },
      'z.intersection(z.object({}), z.object({}))',
    ],
  ])('%j is %s', (schema, code) => {
    expect(inputCode(schema)).toBe(code);
  });

  test.each<[unknown, string]>([
    [{ minLength: 2 }, 'a schema without a type is read as string'],
    [{ type: 'array', prefixItems: [{}] }, 'an array must have all elements of prefixItems'],
    [{ type: 'string', format: 'uri' }, 'the format "uri" is an annotation and is not checked'],
    [{ type: 'object', 'x-a': 1 }, 'x-a is not kept'],
  ])('%j is noted', (schema, note) => {
    expect(importDesk(deskOf(schema)).notes).toEqual([expect.stringContaining(note)]);
  });

  test('a shared schema becomes one constant, and a keyword beside its reference is added', () => {
    const { code } = importDesk(
      deskOf(
        {
          type: 'object',
          properties: {
            one: { $ref: '#/components/schemas/Some-thing' },
            other: { $ref: '#/components/schemas/Some-thing', description: 'that' },
          },
        },
        { schemas: { 'Some-thing': { type: 'string' } } },
      ),
    );
    expect(code.match(/^export const SomeThing = z\.string\(\);$/gm)).toHaveLength(1);
    expect(code).toContain('one: SomeThing.optional(),');
    expect(code).toContain("other: SomeThing.describe('that').optional(),");
  });
});

describe('a schema that contains itself', () => {
  const schemas = {
    Node: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        next: { $ref: '#/components/schemas/Node' },
        parent: { anyOf: [{ $ref: '#/components/schemas/Node' }, { type: 'null' }] },
        children: { type: 'array', items: { $ref: '#/components/schemas/Node' } },
        owner: { $ref: '#/components/schemas/Owner' },
      },
      required: ['name', 'parent', 'children'],
    },
    Owner: { type: 'object', properties: { nodes: { type: 'array', items: { $ref: '#/components/schemas/Node' } } }, required: ['nodes'] },
    Tree: { type: 'object', additionalProperties: { $ref: '#/components/schemas/Tree' } },
    Branches: { type: 'array', items: { $ref: '#/components/schemas/Bush' } },
    Bush: { type: 'object', properties: { branches: { $ref: '#/components/schemas/Branches' } }, required: ['branches'] },
  };
  const of = (name: string) => {
    const { code } = importDesk(deskOf({ $ref: `#/components/schemas/${name}` }, { schemas }));
    return { code, schema: evaluated(code)[name] as z.ZodType };
  };

  test('refers to itself by a getter of the property, and is checked at each depth', () => {
    const { code, schema } = of('Node');
    expect(code).toContain('get next() {\n    return z.optional(Node);\n  },');
    expect(code).toContain('get parent() {\n    return Node.nullable();\n  },');
    const leaf = { name: 'leaf', parent: null, children: [] };
    const value = { name: 'root', parent: null, next: leaf, children: [leaf], owner: { nodes: [leaf] } };
    expect(schema.parse(value)).toEqual(value);
    expect(schema.safeParse({ ...value, children: [{ ...leaf, children: [{ name: 7 }] }] }).success).toBe(false);
    expect(schema.safeParse({ ...value, owner: { nodes: [{}] } }).success).toBe(false);
  });

  test('refers to itself by z.lazy in a record and in a list, whose type is any JSON', () => {
    const tree = of('Tree');
    expect(tree.code).toContain('export const Tree: z.ZodType<z.core.util.JSONType> = z.record(z.string(), z.lazy(() => Tree));');
    expect(tree.schema.safeParse({ a: { b: {} } }).success).toBe(true);
    expect(tree.schema.safeParse({ a: { b: 1 } }).success).toBe(false);
    const bush = of('Bush');
    expect(bush.schema.safeParse({ branches: [{ branches: [] }] }).success).toBe(true);
    expect(bush.schema.safeParse({ branches: [{}] }).success).toBe(false);
  });

  test('is itself the schema of a message', () => {
    const schema = { type: 'object', properties: { again: { $ref: '#/components/messages/act/payload' } } };
    const { code } = importDesk(deskOf(schema));
    expect(code).toMatch(/get again\(\) \{\n {4}return z\.optional\(ActInput\);/);
  });

  test('of an export has the same schemas after the import', () => {
    const Comment = z.object({
      text: z.string(),
      get replies() {
        return z.array(Comment);
      },
    });
    const forum = tutti.service('forum', { post: tutti.command({ input: Comment, output: z.object({ first: Comment }) }) });
    const go = tutti.process('go', { input: z.object({}) }, async (ctx) => void (await ctx.call(forum.post, { text: 'a', replies: [] })));
    const { before, after } = roundTrip(tutti.system('forums', { processes: [go], services: [forum] }), 'forum');
    expect(before).toHaveLength(2);
    expect(breakingChanges(before, after)).toEqual([]);
    expect(breakingChanges(after, before)).toEqual([]);
  });
});

describe('a refused document', () => {
  test.each<[string, unknown, string]>([
    ['not', { not: {} }, 'desk.json#/components/messages/act/payload/not is {}: zod has no equivalent of not.'],
    ['uniqueItems', { type: 'array', uniqueItems: true }, 'payload/uniqueItems is true: zod has no equivalent of uniqueItems.'],
    [
      'patternProperties',
      { type: 'object', properties: {}, patternProperties: { '^a': {} } },
      'zod has no equivalent of patternProperties.',
    ],
    ['a condition', { type: 'string', if: {} }, 'zod has no equivalent of if.'],
    ['a keyword of another dialect', { type: 'string', nullable: true }, 'zod has no equivalent of nullable.'],
    [
      'a bound as in draft 4',
      { type: 'number', exclusiveMinimum: true },
      'exclusiveMinimum is true: expected another schema. Write a number',
    ],
    ['a type without quotes in YAML', { type: null }, 'payload/type is null'],
    [
      'a malformed pattern',
      { type: 'string', pattern: '(' },
      'pattern is "(": expected another schema. Write a regular expression of ECMAScript.',
    ],
    [
      'a part of a schema that contains itself',
      {
        type: 'object',
        properties: { a: { type: 'object', properties: { b: { $ref: '#/components/messages/act/payload/properties/a' } } } },
      },
      'is a part of a schema that contains itself',
    ],
    ['an enumeration of objects', { enum: [{}] }, 'enum is [{}]'],
  ])('%s is refused with its place', (_what, schema, text) => {
    expect(() => importDesk(deskOf(schema))).toThrow(text);
  });

  test('all faults of the schemas are in one message', () => {
    const schema = { type: 'object', properties: { a: { not: {} }, b: { type: 'array', uniqueItems: true } } };
    expect(() => importDesk(deskOf(schema))).toThrow(/equivalent of not\.\n.*equivalent of uniqueItems\./);
  });

  test('with unchecked, a keyword without an equivalent is a note in the module and for the caller', () => {
    const { code, notes } = importDesk(deskOf({ type: 'array', items: { type: 'string' }, uniqueItems: true }), { unchecked: true });
    expect(notes).toEqual(['uniqueItems is not checked (desk.json#/components/messages/act/payload/uniqueItems)']);
    expect(code).toContain('// Note: uniqueItems is not checked (desk.json#/components/messages/act/payload/uniqueItems).');
    expect(code).toContain('z.array(z.string())');
  });

  test.each<[string, unknown, string]>([
    [
      'a document of another kind',
      { openapi: '3.1.0' },
      'desk.json#/asyncapi is nothing: expected an AsyncAPI document of version 2 or 3.',
    ],
    ['an unknown version', { asyncapi: '1.2.0' }, 'desk.json#/asyncapi is "1.2.0"'],
    [
      'no message of the service',
      { asyncapi: '3.0.0', operations: {} },
      'desk.json is a document with messages of no owner: expected messages of the service desk',
    ],
    [
      'a reference to a place that is not there',
      deskOf({ $ref: '#/components/schemas/Gone' }),
      'payload/$ref is "#/components/schemas/Gone": expected a value at that place, and desk.json has none.',
    ],
    [
      'a reference to the network',
      deskOf({ $ref: 'https://example.com/a.json' }),
      'payload/$ref is "https://example.com/a.json": expected a relative path',
    ],
    ['an anchor', deskOf({ $ref: '#Gone' }), 'anchors are not supported'],
    ['a circle of references', deskOf({ $ref: '#/components/messages/act/payload' }), 'is more than 50 references in a row'],
    [
      'a payload in Avro',
      deskOf({ schemaFormat: 'application/vnd.apache.avro;version=1.9.0', schema: {} }),
      'schemaFormat is "application/vnd.apache.avro;version=1.9.0": expected a JSON Schema',
    ],
    [
      'an action of another word',
      { asyncapi: '3.0.0', operations: { act: { action: 'publish' } } },
      'desk.json#/operations/act/action is "publish": expected send or receive.',
    ],
    ['a message without a payload', deskOf(undefined), 'desk.json#/components/messages/act is a message without a payload'],
  ])('%s is refused', (_what, document, text) => {
    expect(() => importDesk(document)).toThrow(text);
  });

  test('a second output of one command is refused', () => {
    const document = {
      asyncapi: '3.0.0',
      operations: {
        act: {
          action: 'receive',
          messages: [{ $ref: '#/components/messages/act' }],
          reply: { messages: [{ $ref: '#/components/messages/one' }, { $ref: '#/components/messages/other' }] },
        },
      },
      components: { messages: { act: { payload: {} }, one: { payload: {} }, other: { payload: {} } } },
    };
    expect(() => importDesk(document)).toThrow(
      'desk.json#/components/messages/other is a second reply to desk.act that is no error: expected one output.',
    );
  });

  test.each([
    [new Map([['act', 'gone']]), 'The undo of desk names the command gone: expected one of act.'],
    [new Map([['act', 'act']]), 'The undo of desk undoes act, which is itself an undo: expected an undo without one.'],
  ])('an undo of a command that cannot be one is refused', (undo, text) => {
    expect(() => importDesk(deskOf({}), { undo })).toThrow(text);
  });

  test('a service whose name is not kebab-case is refused', () => {
    expect(() => importDesk(deskOf({}), { service: 'Desk' })).toThrow(
      'desk.json is to be imported as "Desk": expected the name of a service in kebab-case.',
    );
  });
});

test('text of a document cannot leave its literal or its comment', () => {
  const evil = "*/ '; throw 1; //\u2028\n`${1}`";
  const { code } = importDesk({
    asyncapi: '3.0.0',
    operations: { act: { action: 'receive', messages: [{ $ref: '#/components/messages/act' }] } },
    components: {
      messages: {
        act: { summary: evil, payload: { type: 'object', title: evil, properties: { [evil]: { const: evil } }, required: [evil] } },
      },
    },
  });
  const { ActInput } = evaluated(code) as { readonly ActInput: z.ZodType };
  expect(ActInput.parse({ [evil]: evil })).toEqual({ [evil]: evil });
  expect(z.toJSONSchema(ActInput)['title']).toBe(evil);
});
