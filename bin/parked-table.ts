import type { ListedParked, Operations, ParkedRequest } from '../lib/client/operations/operations.ts';
import { ofTenant } from '../lib/client/instance.ts';
import { ageText } from './instance-table.ts';
import type { Terminal } from './terminal.ts';

const HEADER = ['AGE', 'INSTANCE', 'REASON', 'EVENT', 'DETAIL'] as const;

/** Formats parked events as aligned columns. The detail is not cut: the terminal wraps it. */
export function parkedTable({ colors }: Terminal, events: readonly ListedParked[], now: number): string[] {
  const rows = [
    HEADER,
    ...events.map((event) => [ageText(now - Date.parse(event.parked)), instanceOf(event), event.reason, eventOf(event), event.detail]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row, index) => {
    const [age = '', instance = '', reason = '', event = '', detail = ''] = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    if (index === 0) return colors.dim([age, instance, reason, event, detail].join('  '));
    return `${age}  ${instance}  ${colors.yellow(reason)}  ${event}  ${colors.dim(detail)}`;
  });
}

export function parkedLine(event: ListedParked): string {
  return `${event.parked}  ${instanceOf(event)}  ${event.reason}  ${eventOf(event)}  ${event.detail}`;
}

/** `-` for an event that names no instance. */
function instanceOf({ process, id, ...whose }: ListedParked): string {
  return process === undefined ? '-' : `${process} ${id}${ofTenant(whose)}`;
}

function eventOf({ type, eventId, source }: ListedParked): string {
  return type === undefined ? '-' : `${type} ${eventId} of ${source}`;
}

const PAGE = 500;

/** Parked events that expire need no operator, so they are included only if `--reason` names their reason. */
export async function allParked(operations: Operations, request: Omit<ParkedRequest, 'limit'>): Promise<readonly ListedParked[]> {
  const events: ListedParked[] = [];
  let after: string | undefined;
  do {
    const page = await operations.parked({
      ...request,
      waiting: request.reason === undefined,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    events.push(...page.events);
    after = page.next;
  } while (after !== undefined);
  return events;
}

export function printParkedCount(terminal: Terminal, events: readonly ListedParked[], json: boolean): void {
  const reasons: Record<string, number> = {};
  for (const { reason } of events) reasons[reason] = (reasons[reason] ?? 0) + 1;
  if (json) return terminal.printJson({ count: events.length, reasons });
  const counts = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
  terminal.print(
    `${events.length} parked ${events.length === 1 ? 'event matches' : 'events match'}${counts.length > 0 ? ': ' : '.'}${counts.join(', ')}`,
  );
}
