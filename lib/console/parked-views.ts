import { instantText } from '../contract/wire/wire.ts';
import { listParked } from '../client/parked.ts';
import { invalid } from './request-values.ts';
import type { Call } from './route.ts';
import type { ListedParked, ParkedGroup, ParkedGroupsView, ParkedView } from './views.ts';

const ROWS = 50;
const ROWS_MAX = 500;
/** Events that the groups count. */
const GROUPED_MAX = 10_000;

export async function parkedView({ reach, query }: Call): Promise<ParkedView> {
  const limit = query.number('limit') ?? ROWS;
  if (limit > ROWS_MAX) throw invalid(`The parameter limit is ${limit}: expected at most ${ROWS_MAX}.`);
  const [process, id, reason, type, after] = ['process', 'id', 'reason', 'type', 'after'].map((name) => query.text(name));
  if ((process === undefined) !== (id === undefined))
    throw invalid('One of the parameters process and id was given: expected both or none.');
  const page = await listParked(reach, {
    limit,
    ...(reach.tenant !== undefined && { tenant: reach.tenant }),
    ...(process !== undefined && id !== undefined && { process, id }),
    ...(reason !== undefined && { reason }),
    ...(type !== undefined && { type }),
    ...(after !== undefined && { after }),
    ...(query.flag('waiting') && { waiting: true }),
  });
  return { ...page, asOf: instantText(reach.ports.clock.now()) };
}

/** Groups the parked events that need an operator. */
export async function parkedGroups({ reach }: Call): Promise<ParkedGroupsView> {
  const groups = new Map<string, ParkedGroup>();
  let after: string | undefined;
  let count = 0;
  do {
    const page = await listParked(reach, { waiting: true, limit: ROWS_MAX, ...(after !== undefined && { after }) });
    for (const event of page.events) add(groups, event);
    count += page.events.length;
    after = page.next;
  } while (after !== undefined && count < GROUPED_MAX);
  return {
    groups: [...groups.values()].toSorted((one, other) => other.count - one.count || one.first.localeCompare(other.first)),
    ...(after !== undefined && { more: true as const }),
    asOf: instantText(reach.ports.clock.now()),
  };
}

function add(groups: Map<string, ParkedGroup>, event: ListedParked): void {
  const { reason, type, process, parked } = event;
  const key = JSON.stringify([reason, type, process]);
  const before = groups.get(key);
  groups.set(key, {
    reason,
    ...(type !== undefined && { type }),
    ...(process !== undefined && { process }),
    count: (before?.count ?? 0) + 1,
    first: before?.first ?? parked,
    last: parked,
    example: before?.example ?? event,
    ...(Object.hasOwn(PARKING_REMEDIES, reason) && { remedy: PARKING_REMEDIES[reason] as string }),
  });
}

/** The remedy of each parking reason, as docs/errors.md has it. */
export const PARKING_REMEDIES: Readonly<Record<string, string>> = {
  MALFORMED: 'Correct the publisher and publish the event again under a new id.',
  REPLY_INVALID: 'Correct the service. The instance continued and needs nothing.',
  DATA_INVALID: 'Correct the publisher, or the schema if the data is right, and publish the event again under a new id.',
  REFUSED: 'Nothing. To begin the run of such an event after the pause, send it back with tutti redrive.',
  FORBIDDEN:
    'Identify the sender; the parked event of a queue of requests names its sender. If the sender is legitimate, list the account, or correct the owner of the event or the replyto of the service. If not, revoke the permission to publish.',
  UNKNOWN_EVENT: 'Add it to startOn or receives of the process, or remove the rule that forwards it to this system.',
  UNKNOWN_PROCESS: 'List the process in the system, then start it again.',
  UNKNOWN_COMMAND: 'Deploy the newer build again. The command is sent again by itself.',
  TOO_MANY_HOPS: 'Break the circle; the detail names the last event.',
  NEWER: 'Deploy the version that understands it, then publish the event again under a new id.',
  EARLY_EXPIRED: 'Find out why the instance was not started; start it, then send the event again under a new id.',
  CLOSED: 'Nothing if such events are expected. If not, start a new instance, or let the process wait for the event before it ends.',
  EARLY_OVERFLOW: 'As for EARLY_EXPIRED. A sender that repeats an event should use the same id again.',
  DEAD_LETTER:
    'Look for the failures of that time in the logs and correct the cause; then tutti redrive --reason DEAD_LETTER --yes sends all of them back. An event that was applied is not applied again, but its unsent messages are sent.',
  POISON: 'Correct the sender or the schema; then tutti redrive --reason POISON --yes.',
  START_TOO_OLD: 'Find out whether the instance has run; if it has not, start it again under a new id.',
  TOO_MANY_STARTS:
    'Redrive the starts that are meant, which passes the limit: tutti redrive --reason TOO_MANY_STARTS --yes. Discard the others, or raise startsPerMinute of the orchestrator.',
  STUCK: 'Nothing for the event; resume the instance.',
  PAUSED: 'Nothing for the event; resume the instance.',
  HELD: 'Nothing for the start; it is applied when the pause ends: tutti holds lists the pauses.',
  PAYLOAD_MISSING: 'Correct the publisher, which must store the data before it publishes, then publish the event again under a new id.',
  DATA_TOO_LARGE: 'Correct the sender, which must send less data or its own reference to a place that holds the data.',
};
