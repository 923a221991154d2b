import type { ForcedMessage, InboxMessage, OperateMessage, StartMessage, TickMessage } from './inbox-message.ts';

/**
 * Why a message of Tutti's own is not of its form, or undefined where it is. Only the system's own roles may write to the
 * inbox, but a message that a later version, a person or a redrive has put there must be parked, not half understood.
 */
export const inboxFault = (message: InboxMessage): string | undefined => {
  switch (message.tutti) {
    case 'tick':
      return tickFault(message);
    case 'start':
      return startFault(message);
    case 'operate':
      return operateFault(message);
    case 'forced':
      return forcedFault(message);
    default:
      return `it is of the unknown kind ${String((message as { readonly tutti: unknown }).tutti)}`;
  }
};

const tickFault = ({ pid, run, tickAt }: TickMessage): string | undefined =>
  texts({ pid }) ?? (typeof run === 'string' && Number.isFinite(tickAt) ? undefined : 'run is no text or tickAt no number');

const POLICIES: readonly unknown[] = [undefined, 'reject', 'attach', 'signal'];

const startFault = ({ startid, tenant, process, id, data, time, by, onopen, tags }: StartMessage): string | undefined => {
  const missing = texts({ startid, tenant, process, id, time, by });
  if (missing !== undefined) return missing;
  if (Number.isNaN(Date.parse(time))) return `time is ${time}, expected an instant`;
  if (data === undefined) return 'data is missing';
  if (!POLICIES.includes(onopen)) return `onopen is ${onopen}, expected reject, attach or signal`;
  return tags === undefined || isTags(tags) ? undefined : 'tags is no object of texts';
};

const isTags = (tags: unknown): boolean =>
  typeof tags === 'object' && tags !== null && Object.values(tags).every((tag) => typeof tag === 'string');

const ACTS: readonly unknown[] = ['cancel', 'terminate', 'resume'];

const operateFault = ({ opid, pid, act, reason, by, skip }: OperateMessage): string | undefined => {
  if (!ACTS.includes(act)) return `act is ${act}, expected cancel, terminate or resume`;
  if (typeof reason !== 'string' || (skip !== undefined && typeof skip !== 'string')) return 'reason or skip is no text';
  return texts({ opid, pid, by });
};

const forcedFault = ({ body, sentat }: ForcedMessage): string | undefined =>
  typeof body === 'string' && Number.isFinite(sentat) ? undefined : 'body is no text or sentat no number';

const texts = (fields: Readonly<Record<string, unknown>>): string | undefined => {
  for (const name in fields)
    if (typeof fields[name] !== 'string' || fields[name] === '') return `${name} is ${JSON.stringify(fields[name])}, expected text`;
  return undefined;
};
