import { ID } from '../contract/wire/envelope-form.ts';
import { ClientError } from '../contract/errors.ts';
import type { Json } from '../contract/schema.ts';
import { parsePid } from '../contract/wire/process-id.ts';
import { namesOf } from '../client/instance.ts';
import { invalid } from './request-values.ts';
import type { Call } from './route.ts';
import type { ParkedEventData, ParkedEventView } from './views.ts';

/** One parked event with its message, so that an operator can correct its data and send it again. */
export async function parkedEventView({ reach, query }: Call): Promise<ParkedEventView> {
  const [pid = '', id, parkedAt] = ['pid', 'id', 'parkedAt'].map((name) => query.text(name));
  if (id === undefined || !/^\d{1,15}$/.test(parkedAt ?? '')) throw invalid('A parameter of a key is absent: expected id and parkedAt.');
  const isOfTenant = reach.tenant === undefined || parsePid(pid)?.tenant === reach.tenant;
  const found = isOfTenant ? await reach.ports.parking.parked(pid, [id]) : [];
  const event = found.find((each) => each.parkedAt === Number(parkedAt));
  if (event === undefined) throw new ClientError('NOT_FOUND', `The event ${id} is not parked: it was sent again or discarded meanwhile.`);
  const data = dataOf(event.body);
  return { message: event.body, ...(data && { event: data }) };
}

/** A message of EventBridge. The detail of an event of a program that does not know Tutti is its data. */
interface BusMessage {
  readonly tutti?: unknown;
  readonly id?: unknown;
  readonly 'detail-type'?: unknown;
  readonly detail?: Json;
}

interface Envelope {
  readonly specversion?: unknown;
  readonly id?: unknown;
  readonly type?: unknown;
  readonly data?: Json;
  readonly processid?: unknown;
  readonly commandid?: unknown;
}

function dataOf(body: string): ParkedEventData | undefined {
  const message = parsed(body);
  if (message === undefined || message.tutti !== undefined) return undefined;
  const { id: busId, 'detail-type': busType, detail } = message;
  const envelope = isRecord(detail) && 'specversion' in detail ? (detail as Envelope) : undefined;
  const type = envelope?.type ?? busType;
  if (typeof type !== 'string' || envelope?.commandid !== undefined) return undefined;
  const id = envelope?.id ?? busId;
  const data = envelope ? envelope.data : detail;
  const to = typeof envelope?.processid === 'string' && parsePid(envelope.processid) ? namesOf(envelope.processid) : undefined;
  return {
    type,
    ...(typeof id === 'string' && ID.test(id) && { id }),
    ...(data !== undefined && { data }),
    ...(to && { to }),
  };
}

function parsed(body: string): BusMessage | undefined {
  try {
    const message: unknown = JSON.parse(body);
    return isRecord(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
