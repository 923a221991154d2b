import type { Json } from './schema.ts';
import { textOf, thrownText } from './wire/thrown-text.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Values of any type: what is not JSON does no harm. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A line of `ctx.log` or `task.log`, as it was at the call. */
export interface Logged {
  readonly level: LogLevel;
  readonly message: string;
  /** The JSON of its fields, so that a later change of a value does not change the line. */
  readonly fields?: string;
}

const MESSAGE_CHARACTERS_MAX = 1_000;
const FIELDS_CHARACTERS_MAX = 8_000;

/**
 * Takes the arguments of a call, which never fail the code: a message that is no text becomes one, fields that are not JSON become `{ notJson: <reason> }`, fields of more
 * than 8,000 characters become `{ cut: <their beginning> }`, and an error among them is its name and message.
 */
export function logged(level: LogLevel, message: string, fields?: object): Logged {
  const text = textOf(message);
  return {
    level,
    message: text.length > MESSAGE_CHARACTERS_MAX ? `${text.slice(0, MESSAGE_CHARACTERS_MAX)}…` : text,
    ...(fields !== undefined && { fields: fieldsText(fields) }),
  };
}

function fieldsText(fields: object): string {
  try {
    const text = JSON.stringify(fields, withoutErrors);
    return text.length > FIELDS_CHARACTERS_MAX ? JSON.stringify({ cut: text.slice(0, FIELDS_CHARACTERS_MAX) }) : text;
  } catch (error) {
    return JSON.stringify({ notJson: thrownText(error) });
  }
}

function withoutErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? `${value.name}: ${value.message}` : value;
}

/** The parts of a line for a hook or a log. */
export function loggedParts({ level, message, fields }: Logged): LineParts {
  return { level, message, ...(fields !== undefined && { fields: JSON.parse(fields) as Readonly<Record<string, Json>> }) };
}

interface LineParts extends Omit<Logged, 'fields'> {
  readonly fields?: Readonly<Record<string, Json>>;
}
