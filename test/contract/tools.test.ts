import { Ajv2020 } from 'ajv/dist/2020.js';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { exportContracts } from '../../lib/contract/export/export-contracts.ts';
import { breakingChanges } from '../../lib/contract/export/breaking-changes.ts';
import { command, event, process, service, system, toolsOf, versions } from '../../lib/index.ts';
import type { Schema } from '../../lib/contract/schema.ts';

const Refund = z.object({ orderId: z.string(), cents: z.int().min(1), reason: z.string().default('none') });
const tools = service('support', {
  lookUpOrder: command({
    about: 'Finds an order by its id.',
    input: z.object({ orderId: z.string() }),
    output: z.object({ cents: z.int() }),
  }),
  refund: command({ input: Refund }),
  'send-mail': command({ input: z.object({ to: z.email() }) }),
});

describe('toolsOf', () => {
  test('gives each command with its verb, its `about` and the schema of the value that a caller passes', () => {
    expect(toolsOf(tools)).toMatchObject([
      {
        name: 'lookUpOrder',
        description: 'Finds an order by its id.',
        inputSchema: { type: 'object', properties: { orderId: { type: 'string' } }, required: ['orderId'] },
      },
      { name: 'refund', description: 'support.refund' },
      { name: 'send-mail', description: 'support.send-mail' },
    ]);
  });

  test('gives names that the model APIs accept, and JSON Schemas of 2020-12 in which a field with a default is optional', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const { name, inputSchema } of toolsOf(tools)) {
      expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      expect(JSON.parse(JSON.stringify(inputSchema))).toEqual(inputSchema);
      expect(ajv.validateSchema(inputSchema)).toBe(true);
    }
    const accepts = ajv.compile(toolsOf(tools, ['refund'])[0]?.inputSchema as object);
    expect(accepts({ orderId: 'o-1', cents: 5 })).toBe(true);
    expect(accepts({ orderId: 'o-1', cents: 'five' })).toBe(false);
  });

  test('gives only the listed commands, in the order of the service', () => {
    expect(toolsOf(tools, ['refund', 'lookUpOrder']).map(({ name }) => name)).toEqual(['lookUpOrder', 'refund']);
  });

  test('gives the newest version of an input', () => {
    const input = versions(z.object({ cents: z.int() })).next(Refund, ({ cents }) => ({ orderId: '', cents }));
    const [refund] = toolsOf(service('support', { refund: command({ input }) }));
    expect(refund?.inputSchema['required']).toEqual(['orderId', 'cents']);
  });

  test.each<[string, Schema, string]>([
    ['is not an object', z.string(), 'its input is not an object'],
    ['is one of several objects, which some model APIs refuse', z.union([Refund, z.object({})]), 'its input is not an object'],
  ])('refuses a command whose input %s', (_case, input, message) => {
    const strange = service('strange', { act: command({ input: input as z.ZodType<null> }) });
    expect(() => toolsOf(strange)).toThrow(
      expect.objectContaining({ code: 'CONTRACT_INVALID', message: expect.stringContaining(message) }),
    );
  });

  test('refuses a schema that has no JSON Schema, and a name that the service does not have', () => {
    const plain = service('plain', { act: command({ input: v.object({ n: v.number() }) }) });
    expect(() => toolsOf(plain)).toThrow(expect.objectContaining({ code: 'SCHEMA_WITHOUT_JSON_SCHEMA' }));
    expect(() => toolsOf(tools, ['refnd' as 'refund'])).toThrow(
      'support has no command refnd: expected one of lookUpOrder, refund, send-mail.',
    );
  });

  test('refuses a name that no model API accepts', () => {
    const named = service('odd', { 'a.b': command({ input: z.object({}) }) });
    expect(() => toolsOf(named)).toThrow(expect.objectContaining({ code: 'CONTRACT_INVALID' }));
  });
});

describe('about', () => {
  const Opened = event('desk.opened', z.object({ id: z.string() }));
  const filesWith = (about: string, input: Schema = Refund) => {
    const approvals = service('approvals', { decide: command({ about, input: input as typeof Refund }) });
    const open = process('open', { startOn: Opened.byId(({ id }) => id) }, async () => {});
    const places = { bus: 'desk', queue: (name: string) => name, deadLetter: (queue: string) => queue };
    return exportContracts(system('desk', { processes: [open], services: [approvals] }), places);
  };
  const jsonOf = (path: string, files = filesWith('Approve or decline a refund.')): Record<string, any> =>
    files.find((file) => file.path === path)?.json as Record<string, any>;

  test('is the description of a command in the AsyncAPI document', () => {
    const { operations, components } = jsonOf('asyncapi.json');
    expect(operations['send.approvals.decide'].description).toBe('Approve or decline a refund.');
    expect(components.messages['approvals.decide.command'].description).toBe('Approve or decline a refund.');
    expect(components.messages['approvals.decide.reply'].description).toBeUndefined();
  });

  test('is the description of the exported input, from which a form is made, unless the schema has its own', () => {
    expect(jsonOf('commands/approvals.decide.input.v1.json')['description']).toBe('Approve or decline a refund.');
    expect(jsonOf('messages/approvals.decide.command.json')['description']).toBe('Approve or decline a refund.');
    const own = filesWith('Approve or decline a refund.', Refund.describe('A refund to decide.'));
    expect(jsonOf('commands/approvals.decide.input.v1.json', own)['description']).toBe('A refund to decide.');
  });

  test('may change without breaking a contract', () => {
    expect(breakingChanges(filesWith('Approve or decline a refund.'), filesWith('Decide a refund.'))).toEqual([]);
  });

  test.each([[''], [' '], [7 as unknown as string]])('is refused if it is no text: %j', (about) => {
    expect(() => command({ about, input: Refund })).toThrow(expect.objectContaining({ code: 'CONTRACT_INVALID' }));
  });
});
