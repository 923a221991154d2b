import {
  DATAREF_LENGTH_MAX,
  FACTOR_PATTERN,
  HASH,
  ID,
  INSTANT,
  LABEL_LENGTH_MAX,
  NAME,
  OUTCOMES,
  PROCESS_ID,
  REPLY_TOKEN_LENGTH_MAX,
  TENANT,
} from '../wire/envelope-form.ts';
import type { JsonSchema } from './json-schema.ts';

/** A pattern with its own length limit. The description is for readers of the exported file. */
function text(form: RegExp, description: string): JsonSchema {
  return { type: 'string', pattern: form.source, description };
}
function label(maxLength: number, description: string): JsonSchema {
  return { type: 'string', minLength: 1, maxLength, description };
}
function whole(minimum: number, description: string): JsonSchema {
  return {
    type: 'integer',
    minimum,
    maximum: Number.MAX_SAFE_INTEGER,
    description,
  };
}

const JSON_VALUE: JsonSchema = { $ref: '#/$defs/json' };

/** Refuses keys that access a prototype, at any depth. The limit of 64 levels cannot be expressed in a schema. */
const DEFINITIONS: JsonSchema = {
  json: {
    description: 'Any JSON, without keys that access a prototype.',
    propertyNames: { not: { enum: ['__proto__', 'constructor', 'prototype'] } },
    additionalProperties: JSON_VALUE,
    items: JSON_VALUE,
  },
};

const COMMON: JsonSchema = {
  specversion: { const: '1.0' },
  id: text(ID, 'Equal when the same message is sent again. Duplicates are detected by it alone.'),
  source: text(NAME, 'The sender: the owner of the event, the system or the service.'),
  type: text(
    NAME,
    'Type of the event; name of the command; for a reply, its output event, or the name of the command, a dot and the outcome.',
  ),
  time: text(INSTANT, 'ISO 8601, UTC, with milliseconds.'),
  datacontenttype: { const: 'application/json' },
  dataversion: whole(1, 'Version of the data. Absent means 1.'),
  subject: label(LABEL_LENGTH_MAX, 'Id of the process instance.'),
  tenant: text(TENANT, 'Tenant. Absent means default.'),
  causeid: text(ID, 'Id of the message that caused this one.'),
  hops: whole(0, 'A published event has one more than its cause; commands and replies copy it.'),
  traceparent: label(LABEL_LENGTH_MAX, 'W3C trace context.'),
  data: JSON_VALUE,
  dataref: label(DATAREF_LENGTH_MAX, 'The key of data over 100 KB in the payload store. Replaces data and requires datahash.'),
  datahash: text(HASH, 'SHA-256 of the canonical data (RFC 8785).'),
};

const REQUIRED = ['specversion', 'id', 'source', 'type', 'time', 'datacontenttype', 'hops'];

const DATA_OR_REFERENCE: JsonSchema = {
  oneOf: [
    { required: ['data'], properties: { dataref: false } },
    { required: ['dataref', 'datahash'], properties: { data: false } },
  ],
};

const ROUTE: JsonSchema = {
  replyto: text(NAME, 'Copied from the command to its reply: the system that sent the command.'),
  replytoken: label(
    REPLY_TOKEN_LENGTH_MAX,
    'Copied unchanged from the command to its reply. A reply without the token of its command is refused.',
  ),
};

function envelope(title: string, properties: JsonSchema, required: readonly string[], more: readonly JsonSchema[] = []): JsonSchema {
  return {
    title,
    type: 'object',
    properties: { ...COMMON, ...properties },
    required: [...REQUIRED, ...required],
    propertyNames: { not: { enum: ['__proto__', 'constructor', 'prototype'] } },
    additionalProperties: JSON_VALUE,
    allOf: [DATA_OR_REFERENCE, ...more],
    $defs: DEFINITIONS,
  };
}

/** The members that distinguish the kinds: a reply has `commandid` or `outcome`, a command `replyto` or `attempt`, an event none of them. */
const EVENT_ONLY: JsonSchema = { commandid: false, outcome: false, replyto: false, attempt: false };
const COMMAND_ONLY: JsonSchema = { commandid: false, outcome: false };

const FAILURE: JsonSchema = {
  anyOf: [
    { properties: { outcome: { not: { const: 'failed' } } } },
    {
      properties: {
        data: {
          type: 'object',
          properties: { type: { type: 'string' }, message: { type: 'string' } },
          required: ['type', 'message', 'data'],
        },
      },
    },
  ],
};

/** The envelopes as JSON Schemas, which accept the messages that `parseEnvelope` accepts as that kind. */
export const ENVELOPE_SCHEMAS: Readonly<Record<'event' | 'command' | 'reply', JsonSchema>> = {
  event: envelope('An event on the bus', { ...EVENT_ONLY, processid: text(PROCESS_ID, 'Addressed to this one instance: a signal.') }, []),
  command: envelope(
    'A command in the queue of its service',
    {
      ...COMMAND_ONLY,
      attempt: whole(1, 'The number of this send. All sends of a command have the same id.'),
      retryattempts: whole(1, 'The number of runs of the handler that may end without a reply. Absent means no limit.'),
      retryfirst: whole(0, 'The first pause between two runs, in milliseconds. Absent means 1000.'),
      retrymost: whole(0, 'The longest pause, in milliseconds. Absent means 300000.'),
      retryfactor: text(FACTOR_PATTERN, 'The factor between two successive pauses, as decimal text. Absent means 2.'),
      timeout: whole(1, 'The time limit of one run, in milliseconds. Absent means 900000.'),
      deadline: text(INSTANT, 'After it, the service replies without starting another run.'),
      undoes: text(ID, 'Id of the command that this one undoes.'),
      undoesoutcome: { enum: OUTCOMES, description: 'The outcome of that command, as far as the process knows it.' },
      ...ROUTE,
    },
    ['datahash', 'attempt', 'replyto'],
  ),
  reply: envelope(
    'A reply on the bus',
    {
      commandid: text(ID, 'The id of the command.'),
      commandhash: text(HASH, 'The datahash of the command.'),
      attempt: whole(1, 'Copied from the command.'),
      outcome: {
        enum: OUTCOMES,
        description: 'deferred: the final reply follows later. unknown: the command may have had its effect.',
      },
      retryable: { type: 'boolean', description: 'With failed: a technical failure without an effect.' },
      attempts: whole(0, 'With unknown, cancelled, and failed with retryable: the number of runs that ended without a reply.'),
      ...ROUTE,
    },
    ['commandid', 'commandhash', 'attempt', 'outcome', 'replyto'],
    [FAILURE],
  ),
};
