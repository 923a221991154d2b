import { isOrchestratorError } from '../../contract/errors.ts';
import { pidOfCommand } from '../../contract/wire/process-id.ts';
import type { Json } from '../../contract/schema.ts';
import { CLIENT_WRITER, ORCHESTRATOR_WRITER, type Author } from '../../ports/payload-store.ts';
import { type Admission, DATA_ALTERED, DATA_FOREIGN, DATA_TOO_LARGE } from './admission.ts';
import type { EngineContext } from '../engine-context.ts';
import { inboxFault } from '../../format/inbox-form.ts';
import { type ForcedMessage, wrappedBody } from '../../format/inbox-message.ts';

/** The payload store does not hold the data: it lags, or the data is gone. */
export const MISSING: unique symbol = Symbol('missing');
/** The `dataref` names data that the sender of the message did not store. */
const FOREIGN: unique symbol = Symbol('foreign');
/** The stored data has another hash than the message. */
const ALTERED: unique symbol = Symbol('altered');

/** The stored data is larger than any value may be. */
const TOO_LARGE: unique symbol = Symbol('too large');

const REFUSED: ReadonlyMap<unknown, Admission> = new Map([
  [FOREIGN, DATA_FOREIGN],
  [ALTERED, DATA_ALTERED],
  [TOO_LARGE, DATA_TOO_LARGE],
]);

/** The admission of a message whose data must not be decided on; undefined for every other body. */
export function refusedData(body: unknown): Admission | undefined {
  return REFUSED.get(body);
}

interface Detail {
  readonly specversion?: unknown;
  readonly id?: unknown;
  readonly source?: unknown;
  readonly type?: unknown;
  readonly commandid?: unknown;
  readonly process?: unknown;
  data?: unknown;
  dataref?: unknown;
  readonly datahash?: unknown;
}

/** The JSON of a message, with its data read from the payload store if it has a `dataref`; undefined if the text is not JSON. */
export async function readBody(context: EngineContext, text: string): Promise<unknown> {
  let body: unknown;
  try {
    body = parsed(text);
  } catch {
    return undefined;
  }
  const {
    tutti,
    source,
    detail: ofBus,
  } = (body ?? {}) as { readonly tutti?: unknown; readonly source?: unknown; readonly detail?: Detail };
  if (tutti === 'forced') return readForced(context, body as ForcedMessage);
  const detail = tutti === 'start' ? (body as Detail) : ofBus?.specversion === undefined ? undefined : ofBus;
  if (typeof detail?.dataref !== 'string' || detail.data !== undefined) return body;
  const { dataref } = detail;
  // The bus authenticates the source; the envelope does not.
  const sent = { ...detail, source: source ?? detail.source };
  if (!authorsOf(context, sent, tutti === 'start').some((author) => context.options.payloads.isOf(dataref, author))) return FOREIGN;
  const json = await fetched(context, dataref);
  if (json === TOO_LARGE) return TOO_LARGE;
  if (json === undefined) return MISSING;
  // A writer of the payload store could have replaced the value.
  const data = hashed(context, json, detail.datahash);
  if (data === undefined) return ALTERED;
  detail.data = data;
  delete detail.dataref;
  return body;
}

async function fetched({ options }: EngineContext, dataref: string): Promise<string | undefined | typeof TOO_LARGE> {
  try {
    return await options.payloads.fetch(dataref);
  } catch (error) {
    if (isOrchestratorError(error) && error.code === 'DATA_TOO_LARGE') return TOO_LARGE;
    throw error;
  }
}

/** The authors that may have stored the data of a message: its source, for its instance, or a client in the name of its source. */
function authorsOf({ catalogue }: EngineContext, { id, source, type, commandid, process }: Detail, isStart: boolean): Author[] {
  if (isStart) return [{ writer: CLIENT_WRITER, folder: textOf(process) }];
  if (commandid !== undefined) return [{ writer: textOf(source), folder: pidOfCommand(textOf(commandid)) }];
  const byClient = { writer: CLIENT_WRITER, folder: textOf(type) };
  // The id of an event that a process publishes contains the id of its instance.
  const own = source === catalogue.system.name ? [{ writer: ORCHESTRATOR_WRITER, folder: pidOfCommand(textOf(id)) }] : [];
  return [{ writer: textOf(source) }, byClient, ...own];
}

/** A value that is not a string names no author. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const NEGATIVE_ZERO = /[:,[]\s*-0/;

/** Some senders write `-0`, which the journal keeps as `0`: decide on the value that a replay will see. */
function parsed(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return NEGATIVE_ZERO.test(text) ? JSON.parse(JSON.stringify(value)) : value;
}

/** The value, if it is JSON with this hash. A value without a canonical form has no hash. */
function hashed(context: EngineContext, json: string, datahash: unknown): Json | undefined {
  try {
    const data = parsed(json) as Json;
    return datahash === `sha256:${context.environment.hash(context.environment.canonical(data))}` ? data : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the data of a message was refused or is missing. */
function isUnread(body: unknown): body is symbol {
  return typeof body === 'symbol';
}

/** A wrapper, with the body that it wraps, read. */
export interface ReadForced extends ForcedMessage {
  readonly inner: unknown;
}

async function readForced(context: EngineContext, forced: ForcedMessage): Promise<unknown> {
  // A malformed wrapper and a message that is only parked are not read: their data decides nothing.
  const isRead = inboxFault(forced) === undefined && forced.park === undefined;
  const text = isRead ? wrappedBody(forced) : undefined;
  const inner = text === undefined ? undefined : await readBody(context, text);
  return isUnread(inner) ? inner : ({ ...forced, inner } satisfies ReadForced);
}
