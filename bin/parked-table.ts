import type { ListedParked } from '../lib/client/operations/operations.ts';
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
