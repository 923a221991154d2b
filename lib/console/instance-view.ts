import { instantText } from '../contract/wire/wire.ts';
import type { Json } from '../contract/schema.ts';
import { isClosed, journalLength, type Image } from '../core/image.ts';
import { resolvables } from '../core/resolvable.ts';
import { chainOf, decodeHead, formatFault } from '../format/head-codec.ts';
import { parseEntry } from '../format/read-journal.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from '../client/connection.ts';
import { descriptionOf } from '../client/describe.ts';
import { pidOf, readValue } from '../client/instance.ts';
import { parkedCount, totalParked } from '../client/parked-count.ts';
import { standingOf } from '../client/operations/standing.ts';
import { whyOfHead } from '../client/operations/why-of-head.ts';
import { requireBegun } from '../client/waiting-start.ts';
import { listedPauseOf } from './instance-rows.ts';
import { json } from './refusal.ts';
import { invalid } from './request-values.ts';
import type { Call } from './route.ts';
import type { Act, InstanceView, UnresolvedView } from './views.ts';

const WAIT_SECONDS_MAX = 20;

/** The whole view of an instance, or 304 if its reader has it already. */
export async function instanceView({ reach, path, query, request }: Call): Promise<InstanceView | Response> {
  const seconds = query.number('wait') ?? 0;
  if (seconds > WAIT_SECONDS_MAX) throw invalid(`The parameter wait is ${seconds}: expected at most ${WAIT_SECONDS_MAX}.`);
  const instance = { process: path['process'] as string, id: path['id'] as string };
  const known = /^(?:W\/)?"([^"]*)"$/.exec(request.headers.get('if-none-match') ?? '')?.[1];
  const read = async (): Promise<Read> => {
    const head = await requireBegun(reach, instance);
    const parked = await parkedCount(reach.ports, head.pid);
    return { head, parked, etag: etagOf(head, totalParked(parked)) };
  };
  const current = known === undefined ? await read() : await changedRead(reach, read, { pid: pidOf(reach, instance), known, seconds });
  if (current === undefined) return new Response(null, { status: 304, headers: { etag: `"${known}"` } });
  return json(await viewOf(reach, current), 200, { etag: `"${current.etag}"` });
}

interface Read {
  readonly head: Head;
  readonly parked: Readonly<Record<string, number>>;
  readonly etag: string;
}

/** An event can be parked beside an instance without a commit of its head. An id that is used again begins at version 1 with another run. */
function etagOf({ version, run }: Head, parked: number): string {
  return `${version}.${run.slice(0, 8)}.${parked}`;
}

/** Reads the instance until it differs from the known version, for at most so many seconds. Undefined: it does not. */
async function changedRead(
  { ports }: Reach,
  read: () => Promise<Read>,
  { pid, known, seconds }: { readonly pid: string; readonly known: string; readonly seconds: number },
): Promise<Read | undefined> {
  const ended = new AbortController();
  try {
    let change = hint(ports, pid, ended.signal);
    const first = await read();
    if (first.etag !== known) return first;
    if (seconds === 0 || change === undefined) return undefined;
    const late = ports.clock.sleep(seconds * 1_000, ended.signal).then(() => 'late' as const);
    for (;;) {
      if ((await Promise.race([change, late])) === 'late') return undefined;
      change = hint(ports, pid, ended.signal);
      const next = await read();
      if (next.etag !== known) return next;
    }
  } finally {
    ended.abort();
  }
}

/** Resolves at the next commit of the head. Undefined if the connection does not tell. */
function hint(ports: Reach['ports'], pid: string, signal: AbortSignal): Promise<void> | undefined {
  const change = ports.changed?.(pid, signal);
  // A wait that ends first never awaits this promise, whose rejection would then be unhandled.
  change?.catch(() => undefined);
  return change;
}

async function viewOf(reach: Reach, { head, parked, etag }: Read): Promise<InstanceView> {
  const { started, paused: _paused, unresolved, waiting = [], children, ...described } = descriptionOf(reach, head, parked);
  const { lines, pending, stuck } = whyOfHead(reach, head);
  const image = formatFault(head) === undefined ? decodeHead(head) : undefined;
  const wakes = image && wakeOf(image);
  const runs = chainOf(head)?.number;
  const stuckStep = image && stuckStepOf(image);
  const read = (value: Parameters<typeof readValue>[2]): Promise<Json> => readValue(reach.ports.payloads, head.pid, value);
  const input = image && inputOf(image);
  const result = image && resultOf(image);
  return {
    ...described,
    started: started.toISOString(),
    ...(head.closedAt !== undefined && { closed: instantText(head.closedAt) }),
    ...(runs !== undefined && { runs }),
    etag,
    lines,
    ...(stuck && { stuck }),
    ...listedPauseOf(head, parked),
    ...(wakes !== undefined && { wakes: instantText(wakes) }),
    pending,
    unresolved: unresolved.map(({ since, lastError, ...each }): UnresolvedView => ({
      ...each,
      since: since.toISOString(),
      ...(lastError && { lastError: lastError as unknown as Json }),
    })),
    children,
    waiting: waiting.map(({ since, ...each }) => ({ ...each, since: since.toISOString() })),
    parked,
    standing: await standingOf(reach, head),
    ...(input && { input: await read(input) }),
    ...(result && { result: await read(result) }),
    ...(image?.view && { view: await read(image.view) }),
    entries: image ? journalLength(image) : head.tailFrom + head.tail.length,
    can: image ? actsOf(reach, image) : [],
    ...(stuckStep !== undefined && { stuckStep }),
  };
}

/** The first instant at which a timer or an open command of a running instance is due. */
function wakeOf({ status, paused, commands, timers }: Image): number | undefined {
  if (status !== 'running' || paused) return undefined;
  const first = Math.min(...[...commands.values(), ...timers.values()].map(({ due }) => due));
  return Number.isFinite(first) ? first : undefined;
}

/** The step that `resolve` or `resume` with `skip` names. */
function stuckStepOf({ stuck, commands, resends }: Image): string | undefined {
  if (stuck?.compensation !== undefined) return stuck.compensation;
  return stuck?.n === undefined ? undefined : (commands.get(stuck.n) ?? resends.get(stuck.n))?.path;
}

/** The start of a run whose first entry is still in the head. */
function inputOf({ tail, tailFrom }: Image): Parameters<typeof readValue>[2] | undefined {
  const first = tailFrom === 0 && tail[0] !== undefined ? parseEntry(tail[0]) : undefined;
  return first?.type === 'ProcessStarted' ? first : undefined;
}

function resultOf({ tail }: Image): Parameters<typeof readValue>[2] | undefined {
  const last = tail.map(parseEntry).findLast((entry) => entry.type === 'ProcessCompleted');
  return last?.type === 'ProcessCompleted' ? last : undefined;
}

/** The operations that the client does not refuse for the status of the instance. */
function actsOf({ system }: Reach, image: Image): readonly Act[] {
  const { status, paused, definition } = image;
  const resolves: readonly Act[] = resolvables(image).length > 0 ? ['resolve'] : [];
  if (image.erased !== undefined) return [];
  if (isClosed(status)) return ['fork', ...resolves, 'erase'];
  if (status === 'stuck') return ['resume', ...resolves, 'fork', 'cancel', 'terminate'];
  if (paused) return ['resume', 'signal', 'fork', 'cancel', 'terminate'];
  const versions = system.processes.get(definition.slice(0, definition.lastIndexOf('@')));
  const moves: readonly Act[] = (versions?.length ?? 0) > 1 ? ['move'] : [];
  return ['signal', 'ask', 'pause', ...moves, ...resolves, 'fork', 'cancel', 'terminate'];
}
