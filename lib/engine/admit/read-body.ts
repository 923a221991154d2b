import { isOrchestratorError } from '../../contract/errors.ts';
import { pidOfCommand } from '../../contract/wire/process-id.ts';
import type { Json } from '../../contract/schema.ts';
import { CLIENT_WRITER, ORCHESTRATOR_WRITER, type Author } from '../../ports/payload-store.ts';
import { DATA_ALTERED, DATA_FOREIGN, DATA_TOO_LARGE, type Admission } from './admission.ts';
import type { ReadForced } from './admit.ts';
import type { EngineContext } from '../engine-context.ts';
import { inboxFault } from '../../format/inbox-form.ts';
import type { ForcedMessage } from '../../format/inbox-message.ts';
import { wrappedBody } from '../../format/packed-body.ts';

/** Data that was too large to be carried is not where it should be: a payload store that lags, or data that is gone. */
export const MISSING: unique symbol = Symbol('missing');
/** The message refers to data that its sender has not put there. */
const FOREIGN: unique symbol = Symbol('foreign');
/** Data that was too large to be carried is not what the message was sent with. */
const ALTERED: unique symbol = Symbol('altered');

/** Data that was too large to be carried is larger than any value may be. */
const TOO_LARGE: unique symbol = Symbol('too large');

const REFUSED: ReadonlyMap<unknown, Admission> = new Map([
  [FOREIGN, DATA_FOREIGN],
  [ALTERED, DATA_ALTERED],
  [TOO_LARGE, DATA_TOO_LARGE],
]);

/** What becomes of a message whose data must not be decided on; undefined for every other. */
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

/** The JSON of a message, its data read back where it was too large to be carried; undefined where it is none. */
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
  // The bus knows who sent it; the envelope only says so.
  const sent = { ...detail, source: source ?? detail.source };
  if (!authorsOf(context, sent, tutti === 'start').some((author) => context.options.payloads.isOf(dataref, author))) return FOREIGN;
  const json = await fetched(context, dataref);
  if (json === TOO_LARGE) return TOO_LARGE;
  if (json === undefined) return MISSING;
  // Whoever may write to the store could put another value in its place.
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

/** Who may have put the data of a message: its source, for the instance that it is of, or a client in the name of its source. */
function authorsOf({ catalogue }: EngineContext, { id, source, type, commandid, process }: Detail, isStart: boolean): Author[] {
  if (isStart) return [{ writer: CLIENT_WRITER, folder: textOf(process) }];
  if (commandid !== undefined) return [{ writer: textOf(source), folder: pidOfCommand(textOf(commandid)) }];
  const byClient = { writer: CLIENT_WRITER, folder: textOf(type) };
  // What a process publishes has the id of its instance in its own.
  const own = source === catalogue.system.name ? [{ writer: ORCHESTRATOR_WRITER, folder: pidOfCommand(textOf(id)) }] : [];
  return [{ writer: textOf(source) }, byClient, ...own];
}

/** What is no text names no author. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const NEGATIVE_ZERO = /[:,[]\s*-0/;

/** Some writers say `-0`, which every journal keeps as `0`: what is decided on must be what is replayed. */
function parsed(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return NEGATIVE_ZERO.test(text) ? JSON.parse(JSON.stringify(value)) : value;
}

/** The value, where it is JSON with this hash. What has no canonical form has no hash either. */
function hashed(context: EngineContext, json: string, datahash: unknown): Json | undefined {
  try {
    const data = parsed(json) as Json;
    return datahash === `sha256:${context.environment.hash(context.environment.canonical(data))}` ? data : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the data of a message could not be read. */
function isUnread(body: unknown): body is symbol {
  return typeof body === 'symbol';
}

async function readForced(context: EngineContext, forced: ForcedMessage): Promise<unknown> {
  // What a broken wrapper holds is not read, nor what is only parked: whether its data is there decides nothing.
  const isRead = inboxFault(forced) === undefined && forced.park === undefined;
  const text = isRead ? wrappedBody(forced) : undefined;
  const inner = text === undefined ? undefined : await readBody(context, text);
  return isUnread(inner) ? inner : ({ ...forced, inner } satisfies ReadForced);
}
