import type { ParkedIdentity } from '../../ports/parking-store.ts';
import { DEFAULT_TENANT, buildPid, parsePid, pidOfCommand } from '../../contract/wire/process-id.ts';
import { wrappedBody } from '../../format/inbox-message.ts';

interface Message extends Partial<
  Record<
    | 'tutti'
    | 'id'
    | 'source'
    | 'detail-type'
    | 'startid'
    | 'opid'
    | 'process'
    | 'act'
    | 'pid'
    | 'by'
    | 'commandid'
    | 'command'
    | 'owner'
    | 'outcome'
    | 'event'
    | 'subscription',
    unknown
  >
> {
  readonly detail?: Partial<Record<'id' | 'type' | 'source', unknown>>;
}

const CHARACTERS_MAX = 200;

/** The id, type and source of the event in a message. A request has its own id, its kind and its principal. */
export function namedEvent(body: string): ParkedIdentity | undefined {
  try {
    return identityOf(JSON.parse(body) as Message);
  } catch {
    return undefined;
  }
}

function identityOf(message: Message): ParkedIdentity | undefined {
  const { tutti, detail, by } = message;
  switch (tutti) {
    case undefined:
      return identity(detail?.id ?? message.id, detail?.type ?? message['detail-type'], detail?.source ?? message.source);
    case 'start':
      return identity(message.startid, `${String(message.process)}.start`, by);
    case 'operate':
    case 'schedule':
      return identity(message.opid, message.act, by);
    case 'command':
      return identity(message.commandid, message.command, 'tutti');
    case 'reply':
      return identity(message.commandid, message.outcome, 'tutti');
    case 'forward':
    case 'return':
      return identity(
        (message.event as { readonly id?: unknown } | undefined)?.id,
        (message.event as { readonly type?: unknown } | undefined)?.type,
        'tutti',
      );
    case 'unsubscribe':
      return identity(message.subscription, 'unsubscribe', 'tutti');
    case 'begin':
      return identity(message.pid, 'begin', 'tutti');
    case 'tick':
      return identity(message.pid, 'tick', 'tutti');
    default:
      return undefined;
  }
}

function identity(id: unknown, type: unknown, source: unknown): ParkedIdentity | undefined {
  return id === undefined && type === undefined ? undefined : { id: textOf(id), type: textOf(type), source: textOf(source) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, CHARACTERS_MAX) : '';
}

interface Body extends Partial<
  Record<'pid' | 'body' | 'tenant' | 'process' | 'id' | 'tutti' | 'owner' | 'commandid' | 'subscription', unknown>
> {
  readonly packed?: true;
  readonly detail?: { readonly commandid?: unknown; readonly processid?: unknown; readonly tenant?: unknown };
}

/** The messages that go to the owner of a command, or to a key. */
const OF_OWNER: ReadonlySet<unknown> = new Set(['command', 'return', 'unsubscribe']);

/** The instance that a message names; `''` if only the definitions of the system could tell. Reads no stored data and runs no user code. */
export function namedInstance(text: string): string {
  try {
    const { body, packed, pid, tenant, process, id, tutti, owner, commandid, subscription, detail } = JSON.parse(text) as Body;
    if (typeof body === 'string') return namedInstance(wrappedBody({ body, ...(packed && { packed }) }) ?? '');
    const started = isText(tenant) && isText(process) && isText(id) ? buildPid(tenant, process, id) : undefined;
    const asked = isText(detail?.commandid) ? pidOfCommand(detail.commandid) : undefined;
    const engines = OF_OWNER.has(tutti)
      ? owner
      : tutti === 'reply' && isText(commandid)
        ? pidOfCommand(commandid)
        : isText(subscription)
          ? pidOfCommand(subscription)
          : undefined;
    const found = pid ?? engines ?? addressed(detail) ?? started ?? asked;
    return isText(found) && parsePid(found) !== undefined ? found : '';
  } catch {
    return '';
  }
}

/** The instance that an event is addressed to; none if the event is of another tenant (docs/correctness.md#i15). */
function addressed({ processid, tenant = DEFAULT_TENANT }: NonNullable<Body['detail']> = {}): unknown {
  return isText(processid) && parsePid(processid)?.tenant !== tenant ? undefined : processid;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
