import { ClientError, DataLost } from '../contract/errors.ts';
import { buildPid, DEFAULT_TENANT, INSTANCE_ID_FORM, parsePid, tenantOf } from '../contract/wire/process-id.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import type { Image } from '../core/image.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import { definitionAfter } from '../core/replay.ts';
import { decodeHead } from '../format/head-codec.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { Head } from '../ports/process-store.ts';
import type { ClientPorts, Reach } from './connection.ts';
import { earlyEvents } from './early-events.ts';

/** The name of an instance within the tenant of a reach. */
export interface InstanceName {
  readonly process: string;
  readonly id: string;
}

/** The pid of an instance that must exist, so an invalid id is `NOT_FOUND`. */
export function pidOf(reach: Pick<Reach, 'tenant'>, { process, id }: InstanceName): string {
  const pid = buildPid(tenantOf(reach), process, id);
  if (pid !== undefined) return pid;
  throw new ClientError('NOT_FOUND', `${process} was asked for the instance ${JSON.stringify(id)}: expected an id of ${INSTANCE_ID_FORM}.`);
}

/** The name of an instance for a reader: `process id`, and its tenant unless that is the default. */
export function nameOf(pid: string): string {
  const parts = parsePid(pid);
  return parts === undefined ? pid : `${parts.process} ${parts.id}${ofTenant(parts)}`;
}

/** The parts of a pid, as members of a response. */
export function namesOf(pid: string): { readonly tenant?: string; readonly process: string; readonly id: string } {
  const { tenant = DEFAULT_TENANT, process = '', id = pid } = parsePid(pid) ?? {};
  return { ...(tenant !== DEFAULT_TENANT && { tenant }), process, id };
}

/** The tenant as text after an id; empty for the default tenant. */
export function ofTenant({ tenant = DEFAULT_TENANT }: { readonly tenant?: string }): string {
  return tenant === DEFAULT_TENANT ? '' : ` of the tenant ${tenant}`;
}

/** Reads the head consistently. The head of early events is not an instance. */
export async function readHead(ports: Pick<ClientPorts, 'store'>, pid: string): Promise<Head | undefined> {
  const [head] = await ports.store.load([pid], { consistent: true });
  return head === undefined || head.status === 'early' ? undefined : head;
}

/** @throws ClientError `NOT_FOUND` */
export async function requireHead(ports: Pick<ClientPorts, 'store'>, pid: string): Promise<Head> {
  const [head] = await ports.store.load([pid], { consistent: true });
  if (head === undefined || head.status === 'early') throw notFound(pid, head);
  return head;
}

export async function requireImage(ports: Pick<ClientPorts, 'store'>, pid: string): Promise<Image> {
  return decodeHead(await requireHead(ports, pid));
}

/** `head` is the head of the events that wait for the instance, if there is one. */
export function notFound(pid: string, head?: Head): ClientError {
  const early = earlyEvents(head);
  if (early === undefined) return new ClientError('NOT_FOUND', `There is no ${nameOf(pid)}: expected an instance that has been started.`);
  const until = early.keptUntil === undefined ? '' : `, until ${new Date(early.keptUntil).toISOString()}`;
  const waits = early.count === 1 ? '1 event waits' : `${early.count} events wait`;
  return new ClientError(
    'NOT_FOUND',
    `${nameOf(pid)} has not been started, and ${waits} for its start${until}: expected an instance that has been started.`,
    { details: { early: early.count }, remedy: 'Start the instance: it reads the events that wait for it.' },
  );
}

/** The definition that a run stays on, `name@version`. Undefined if the system does not list it. */
export function definitionOf(system: Reach['system'], definition: string): ProcessContract | undefined {
  const { process, version } = splitDefinition(definition);
  return system.processes.get(process)?.find((each) => each.version === version);
}

/** The code that began a run, or that it was moved to; undefined if its journal names none for this definition. */
export function codeOfRun(definition: string, entries: readonly JournalEntry[]): string | undefined {
  const named = definitionAfter(entries);
  return named?.definition === definition ? named.code : undefined;
}

export function splitDefinition(definition: string): { readonly process: string; readonly version: number } {
  const at = definition.lastIndexOf('@');
  return { process: definition.slice(0, at), version: Number(definition.slice(at + 1)) };
}

/** Reads a value that is stored inline or in the payload store. */
export async function readValue(
  payloads: Pick<PayloadStore, 'get'>,
  pid: string,
  value: { readonly data?: Json | undefined; readonly dataref?: string | undefined },
): Promise<Json> {
  if (value.data !== undefined || value.dataref === undefined) return value.data ?? null;
  const json = await payloads.get(pid, value.dataref);
  if (json !== undefined) return JSON.parse(json) as Json;
  throw new DataLost('PAYLOAD_MISSING', `The payload store has no value ${value.dataref}, which ${pid} refers to.`);
}
