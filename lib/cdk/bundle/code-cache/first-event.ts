import { inputSchemaOf, type JsonSchema } from '../../../contract/export/json-schema.ts';
import type { Json } from '../../../contract/schema.ts';
import { systemContract, type System } from '../../../contract/system.ts';
import { STUB_ACCOUNT } from './stub-aws.ts';

/**
 * A batch of the inbox with one start of each process, for the first call of advance-processes. Its data has the form of the contract. The
 * engine parks a start that a rule of the contract refuses, which compiles less of the code.
 */
export function firstEvent(system: System<string>): object {
  const { processes, name } = systemContract(system);
  const events = [...processes.values()].flatMap(([newest]) => (newest?.startOn ?? []).slice(0, 1).map(({ event }) => event));
  return {
    Records: events.map(({ type, data }, index) => ({
      messageId: `m-${index}`,
      receiptHandle: `r-${index}`,
      body: JSON.stringify({
        account: STUB_ACCOUNT,
        source: name,
        'detail-type': type,
        id: `e-${index}`,
        time: new Date().toISOString(),
        detail: sampleOf(data, type),
      }),
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(Date.now()) },
      eventSourceARN: `arn:aws:sqs:us-east-1:${STUB_ACCOUNT}:${name}-inbox`,
    })),
  };
}

function sampleOf(schema: Parameters<typeof inputSchemaOf>[0], type: string): Json {
  try {
    return valueOf(inputSchemaOf(schema, type));
  } catch {
    // The schema has no JSON Schema.
    return {};
  }
}

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-01',
  'date-time': '2026-01-01T00:00:00Z',
  email: 'a@example.com',
  time: '00:00:00',
  uri: 'https://example.com',
  uuid: '00000000-0000-4000-8000-000000000000',
};

/** A small value of a JSON Schema. It ignores patterns and references. */
function valueOf(schema: JsonSchema): Json {
  const { type, properties = {}, required = [], items, minItems = 0, minLength = 1, minimum, exclusiveMinimum, format = '' } = schema;
  const [first] = [schema['enum'], schema['anyOf'], schema['oneOf'], schema['allOf']].filter(Array.isArray);
  if ('const' in schema) return schema['const'] as Json;
  if (Array.isArray(schema['enum'])) return schema['enum'][0] as Json;
  if (first) return valueOf(first[0] as JsonSchema);
  switch (type) {
    case 'object':
      return Object.fromEntries(
        (required as string[]).map((name) => [name, valueOf((properties as Record<string, JsonSchema>)[name] ?? {})]),
      );
    case 'array':
      return Array.from({ length: minItems as number }, () => valueOf((items ?? {}) as JsonSchema));
    case 'string':
      return FORMATS[format as string] ?? 'a'.repeat(minLength as number);
    case 'integer':
    case 'number':
      return typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : Math.max(1, (minimum as number | undefined) ?? 1);
    case 'boolean':
      return true;
    default:
      return null;
  }
}
