import { parsePid } from '../contract/wire/process-id.ts';
import { REDRIVEN_MAX } from '../format/inbox-form.ts';
import type { ParkedFilter, ParkedSummary } from '../ports/parked-list.ts';
import type {
  DiscardRequest,
  DiscardResponse,
  ListedParked,
  ParkedResponse,
  ParkedRequest,
  RedriveResponse,
  RedriveRequest,
} from './operations/operations.ts';
import { principalOf, type ClientPorts, type Reach } from './connection.ts';
import { namesOf, pidOf } from './instance.ts';
import { newMessageId } from './message-id.ts';
import { ENGINE_TIMEOUT_MS, notTaken, sendRequest } from './request.ts';

const POLL_MS = 250;
/** The engine sends all events of a redrive at once. An event that is still parked this long after the last one left could not be sent. */
const LEFT_MS = 5_000;

/** Lists parked events, oldest first: of one instance, of one tenant, or all, with those that name no instance. The list is eventually consistent. */
export async function listParked(reach: Reach, { limit, after, ...request }: ParkedRequest): Promise<ParkedResponse> {
  const { events, next } = await reach.ports.parking.list(filterOf(reach, request), limit, after);
  return { events: events.map(listedOf), ...(next === undefined ? {} : { next }) };
}

function filterOf(
  reach: Pick<Reach, 'tenant'>,
  { process, id, reason, type, waiting, since, before }: Omit<ParkedRequest, 'limit' | 'after'>,
): ParkedFilter {
  return {
    ...(process === undefined || id === undefined ? {} : { pid: pidOf(reach, { process, id }) }),
    ...(reach.tenant === undefined ? {} : { tenant: reach.tenant }),
    ...(reason === undefined ? {} : { reason }),
    ...(type === undefined ? {} : { type }),
    ...(waiting === true ? { waiting } : {}),
    ...(since === undefined ? {} : { parkedAfter: since }),
    ...(before === undefined ? {} : { parkedBefore: before }),
  };
}

function listedOf({ pid, id, reason, detail, event, parkedAt, senderId, expiresAt }: ParkedSummary): ListedParked {
  return {
    ...(parsePid(pid) && namesOf(pid)),
    reason,
    detail,
    ...(event && { eventId: event.id, type: event.type, source: event.source }),
    ...(senderId === undefined ? {} : { sender: senderId }),
    parked: new Date(parkedAt).toISOString(),
    ...(expiresAt === undefined ? {} : { expires: new Date(expiresAt).toISOString() }),
    key: { pid, id, parkedAt },
  };
}

/** Sends at most 100 parked events back to the engine. Resolves with the number of events that were sent and that were not. */
export async function redriveParked({ ports }: Reach, { events }: RedriveRequest): Promise<RedriveResponse> {
  const now = ports.clock.now();
  const opid = ports.newId?.(now) ?? newMessageId(now);
  const named = events.map(({ pid, id }) => ({ pid, id }));
  await sendRequest(ports, { tutti: 'redrive', opid, by: await principalOf(ports), events: named }, 'redrive');
  const left = await leftOf(ports, events, 'The redrive');
  await ports.durable();
  return { sent: events.length - left, left };
}

/** Discards at most 100 parked events. Resolves with the number of events that have left the lists and that have not. */
export async function discardParked({ ports }: Reach, { events, reason }: DiscardRequest): Promise<DiscardResponse> {
  const now = ports.clock.now();
  const opid = ports.newId?.(now) ?? newMessageId(now);
  await sendRequest(ports, { tutti: 'discard', opid, by: await principalOf(ports), reason, events }, 'discard');
  const left = await leftOf(ports, events, 'The discard');
  await ports.durable();
  return { discarded: events.length - left, left };
}

/** The maximum number of events per redrive or discard request. */
export const REDRIVEN_AT_A_TIME = REDRIVEN_MAX;

async function leftOf(ports: ClientPorts, events: RedriveRequest['events'], request: string): Promise<number> {
  let left = events.length;
  let changedAt = ports.clock.now();
  for (;;) {
    await ports.clock.sleep(POLL_MS);
    const still = await stillParked(ports, events);
    if (still === 0) return 0;
    if (still !== left) changedAt = ports.clock.now();
    left = still;
    const waited = ports.clock.now() - changedAt;
    if (left < events.length && waited >= LEFT_MS) return left;
    if (waited >= ENGINE_TIMEOUT_MS) throw notTaken(request);
  }
}

/** Compares `parkedAt` too: an event that was sent and parked again has the same id and another time. */
async function stillParked({ parking }: ClientPorts, events: RedriveRequest['events']): Promise<number> {
  let count = 0;
  for (const pid of new Set(events.map((event) => event.pid))) {
    const mine = events.filter((event) => event.pid === pid);
    const parked = await parking.parked(
      pid,
      mine.map(({ id }) => id),
    );
    count += mine.filter(({ id, parkedAt }) => parked.some((event) => event.id === id && event.parkedAt === parkedAt)).length;
  }
  return count;
}
