import { DATAREF_LENGTH_MAX, HASH, ID, INSTANT, LABEL_LENGTH_MAX } from '../contract/wire/envelope-form.ts';
import { parsePid } from '../contract/wire/process-id.ts';
import type { ForcedMessage, StartMessage, TickMessage } from './inbox-message.ts';

/**
 * The forms of the internal messages that every system has: ticks, starts by clients, and wrappers. `inboxFault` (inbox-form.ts) knows all
 * others, and is loaded at the first of them.
 */
export function tickFault({ pid, run, tickAt }: TickMessage): string | undefined {
  return pidFault(pid) ?? (typeof run === 'string' && Number.isFinite(tickAt) ? undefined : 'run must be a string and tickAt a number');
}

const POLICIES: readonly unknown[] = [undefined, 'reject', 'attach', 'signal', 'queue', 'replace'];

export function startFault(message: StartMessage): string | undefined {
  const { startid, tenant, process, id, time, by, onopen, tags, traceparent } = message;
  const missing = texts({ startid, tenant, process, id, time, by }) ?? idFault('startid', startid);
  if (missing !== undefined) return missing;
  if (!INSTANT.test(time)) return `time is ${time}, expected an instant`;
  // The trace is copied into every command of the run, and a service would refuse them all.
  const untraced = traceFault(traceparent);
  if (untraced !== undefined) return untraced;
  const unnamed = dataFault(message);
  if (unnamed !== undefined) return unnamed;
  if (!POLICIES.includes(onopen)) return `onopen is ${onopen}, expected reject, attach, signal, queue or replace`;
  return tags === undefined || isTags(tags) ? undefined : 'tags must be an object of strings';
}

export function traceFault(traceparent: unknown): string | undefined {
  if (traceparent === undefined || isLabel(traceparent)) return undefined;
  return `traceparent must be a string of 1 to ${LABEL_LENGTH_MAX} characters`;
}

/** If the payload store holds the value, `data` replaces the reference before this check. */
export function dataFault({ data, dataref, datahash }: Pick<StartMessage, 'data' | 'dataref' | 'datahash'>): string | undefined {
  if (data !== undefined) return undefined;
  if (dataref === undefined) return 'data is missing';
  if (typeof dataref !== 'string' || dataref.length > DATAREF_LENGTH_MAX)
    return `dataref must be a string of at most ${DATAREF_LENGTH_MAX} characters`;
  return typeof datahash === 'string' && HASH.test(datahash)
    ? undefined
    : `datahash is ${JSON.stringify(datahash)}, expected sha256: and 64 hex digits`;
}

export function isTags(tags: unknown): boolean {
  return typeof tags === 'object' && tags !== null && !Array.isArray(tags) && Object.values(tags).every((tag) => typeof tag === 'string');
}

const CHANNELS: readonly unknown[] = [undefined, 'inbox', 'starts', 'operations'];
/** Values of a flag that is true or absent. */
export const MARKED: readonly unknown[] = [undefined, true];

export function forcedFault({ body, packed, sentat, channel, sender, since, park }: ForcedMessage): string | undefined {
  if (typeof body !== 'string' || !isInstant(sentat)) return 'body must be a string and sentat an instant';
  if (!MARKED.includes(packed)) return 'packed must be true';
  if (!CHANNELS.includes(channel)) return `channel is ${channel}, expected inbox, starts or operations`;
  if (sender !== undefined && typeof sender !== 'string') return 'sender must be a string';
  if (since !== undefined && !isInstant(since)) return 'since must be an instant';
  return park === undefined || park === 'DEAD_LETTER' ? undefined : `park is ${String(park)}, expected DEAD_LETTER`;
}

export function isInstant(milliseconds: number): boolean {
  return Number.isFinite(milliseconds) && milliseconds >= 0;
}

/** A pid is a key of the table: an invalid key would fail the read of the whole batch. */
export function pidFault(pid: unknown): string | undefined {
  return typeof pid === 'string' && parsePid(pid) !== undefined ? undefined : `pid is ${JSON.stringify(pid)}, expected tenant#process#id`;
}

export function idFault(name: string, id: string): string | undefined {
  return ID.test(id) ? undefined : `${name} is ${JSON.stringify(id)}, expected text of the form ${ID.source}`;
}

function isLabel(text: unknown): boolean {
  return typeof text === 'string' && text.length > 0 && text.length <= LABEL_LENGTH_MAX;
}

export function texts(fields: Readonly<Record<string, unknown>>): string | undefined {
  for (const name in fields)
    if (typeof fields[name] !== 'string' || fields[name] === '') return `${name} is ${JSON.stringify(fields[name])}, expected text`;
  return undefined;
}
