import { buildPid, DEFAULT_TENANT, parsePid, pidOfCommand } from '../../contract/wire/process-id.ts';
import { wrappedBody } from '../../format/packed-body.ts';

interface Body extends Partial<Record<'pid' | 'body' | 'tenant' | 'process' | 'id', unknown>> {
  readonly packed?: true;
  readonly detail?: { readonly commandid?: unknown; readonly processid?: unknown; readonly tenant?: unknown };
}

/** The instance that a message names by itself; `''` where only the system's definitions could tell. It reads no data and runs no code of theirs. */
export function namedInstance(text: string): string {
  try {
    const { body, packed, pid, tenant, process, id, detail } = JSON.parse(text) as Body;
    if (typeof body === 'string') return namedInstance(wrappedBody({ body, ...(packed && { packed }) }) ?? '');
    const started = isText(tenant) && isText(process) && isText(id) ? buildPid(tenant, process, id) : undefined;
    const asked = isText(detail?.commandid) ? pidOfCommand(detail.commandid) : undefined;
    const found = pid ?? addressed(detail) ?? started ?? asked;
    return isText(found) && parsePid(found) !== undefined ? found : '';
  } catch {
    return '';
  }
}

/** The instance that an event is sent to. One of another tenant gets nothing of it, not even beside itself (docs/correctness.md#i15). */
function addressed({ processid, tenant = DEFAULT_TENANT }: NonNullable<Body['detail']> = {}): unknown {
  return isText(processid) && parsePid(processid)?.tenant !== tenant ? undefined : processid;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
