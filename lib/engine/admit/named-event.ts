import type { ParkedIdentity } from '../../ports/parking-store.ts';

interface Message extends Partial<
  Record<'tutti' | 'id' | 'source' | 'detail-type' | 'startid' | 'opid' | 'process' | 'act' | 'pid' | 'by', unknown>
> {
  readonly detail?: Partial<Record<'id' | 'type' | 'source', unknown>>;
}

const CHARACTERS_MAX = 200;

/** What a message says of its event: id, type and source. A request says its own id, what it asks for, and its principal. */
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
      return identity(message.opid, message.act, by);
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
