import { tenantOfPid } from '../../contract/wire/process-id.ts';
import type { ParkedFilter, ParkedPage, ParkedSummary } from '../../ports/parked-list.ts';
import type { ParkedEvent } from '../../ports/parking-store.ts';

/** A key that is unique to the event and sorts by the time of parking. */
export function parkedSortKey({ parkedAt, id, pid }: Pick<ParkedEvent, 'parkedAt' | 'id' | 'pid'>): string {
  return `${parkedAtKey(parkedAt)}#${id}#${pid}`;
}

/** Zero-padded so that strings sort like numbers. */
export function parkedAtKey(parkedAt: number): string {
  return String(Math.max(0, parkedAt)).padStart(15, '0');
}

/** The first of these events behind `after`, in the order of the list. */
export function parkedPage(events: readonly ParkedSummary[], max: number, after = ''): ParkedPage {
  const behind = events
    .map((event) => ({ key: parkedSortKey(event), event }))
    .filter(({ key }) => key > after)
    .sort((left, right) => (left.key < right.key ? -1 : 1));
  const page = behind.slice(0, max);
  const last = page.at(-1);
  return { events: page.map(({ event }) => event), ...(behind.length > max && last !== undefined && { next: last.key }) };
}

export function fitsParked(event: ParkedSummary, filter: ParkedFilter): boolean {
  const { pid, tenant, reason, type, waiting, parkedAfter, parkedBefore } = filter;
  return (
    (pid === undefined || event.pid === pid) &&
    (tenant === undefined || tenantOfPid(event.pid) === tenant) &&
    (reason === undefined || event.reason === reason) &&
    (type === undefined || event.event?.type === type) &&
    (waiting === undefined || event.expiresAt === undefined) &&
    event.parkedAt >= (parkedAfter ?? -Infinity) &&
    event.parkedAt <= (parkedBefore ?? Infinity)
  );
}
