import { type Image, STARTS_MAX, isClosed } from '../../core/image.ts';
import type { Inbound, SignalInbound, StartInbound } from '../../core/inbound.ts';
import type { JournalEntry } from '../../core/journal-entry.ts';
import { SKEW_MS } from '../../core/signal-ring.ts';
import { holdsSubscription } from '../../core/subscriptions.ts';
import type { Verdict } from '../../core/classify.ts';
import type { EngineContext } from '../engine-context.ts';
import { journalTexts, parseEntry, textsOfRun } from '../../format/read-journal.ts';

/** The verdict on an event that the head alone cannot tell. In: the verdict by the head. Out: the verdict by the journal too. */
export async function verdictByJournal(
  context: EngineContext,
  image: Image | undefined,
  item: { readonly target: { readonly inbound: Inbound } },
  verdict: Verdict | 'verify',
): Promise<Verdict> {
  const { inbound } = item.target;
  if (verdict === 'restart') return (await hasRun(context, image, inbound)) ? 'dup' : 'restart';
  if (verdict === 'queue') return (await wasQueued(context, image, inbound)) ? 'dup' : 'queue';
  if (verdict !== 'verify') return verdict;
  if (await journalHolds(context, image, inbound)) return 'dup';
  return image && (isClosed(image.status) || isLeft(image, inbound)) ? 'closed' : 'apply';
}

/** A copy that a key has forwarded to a run which no longer holds its subscription. */
function isLeft(image: Image, inbound: Inbound): boolean {
  return (
    inbound.kind === 'signal' &&
    inbound.subscription !== undefined &&
    !holdsSubscription(image, inbound.subscription.run, inbound.subscription.n)
  );
}

/** Whether the instance has sent a command to a service, by its journal and its open commands. */
export async function hasCommanded(context: EngineContext, image: Image, service: string): Promise<boolean> {
  const isOf = (command: string): boolean => context.environment.commands.get(command)?.service === service;
  if ([...image.commands.values(), ...image.tombstones].some(({ command }) => isOf(command))) return true;
  const texts = await journalTexts(context.options.store, image);
  return texts.some((text) => {
    if (!text.includes(ISSUED)) return false;
    const entry = parseEntry(text);
    return entry.type === 'CommandIssued' && isOf(entry.command);
  });
}

const ISSUED = '"type":"CommandIssued"';

/** Whether a start that has left the ring of ids has had a run: of a closed run only its journal is left. */
async function hasRun(context: EngineContext, image: Image | undefined, inbound: Inbound): Promise<boolean> {
  if (!image || inbound.kind !== 'start' || image.starts.length < STARTS_MAX) return false;
  return (await context.options.store.chunks(image.pid, inbound.identity)).length > 0;
}

/** Whether a start that has left the ring of ids has had a run, or was journaled by this one as rejected. */
async function wasQueued(context: EngineContext, image: Image | undefined, inbound: Inbound): Promise<boolean> {
  if (!image || inbound.kind !== 'start' || image.starts.length < STARTS_MAX) return false;
  if (await hasRun(context, image, inbound)) return true;
  const texts = await journalTexts(context.options.store, image);
  return texts.some((text) => QUEUED.test(text) && (parseEntry(text) as { readonly id: string }).id === inbound.id);
}

const QUEUED = /"type":"Start(?:Queued|Rejected)"/;

/** Whether the journal holds an event that has left the ring of ids. */
export async function journalHolds(context: EngineContext, image: Image | undefined, inbound: Inbound): Promise<boolean> {
  if (!image || (inbound.kind !== 'signal' && inbound.kind !== 'start')) return false;
  const wanted = `"id":${JSON.stringify(inbound.id)}`;
  const isHeldBy = (texts: readonly string[]): boolean =>
    texts.some((text) => text.includes(wanted) && isEntryOf(parseEntry(text), inbound));
  const texts = await journalTexts(context.options.store, image);
  if (isHeldBy(texts)) return true;
  return image.chain !== undefined && (await isHeldBefore(context, image, { texts, inbound, isHeldBy }));
}

/**
 * Whether an earlier run of the chain has received the event. Runs that ended before the event's own time are not read: no run receives an
 * event earlier than that, but for the clock of its sender.
 */
async function isHeldBefore(
  context: EngineContext,
  image: Image,
  search: {
    readonly texts: readonly string[];
    readonly inbound: SignalInbound | StartInbound;
    readonly isHeldBy: (texts: readonly string[]) => boolean;
  },
): Promise<boolean> {
  const time = Date.parse(search.inbound.time);
  const earliest = time > search.inbound.at ? -Infinity : time - SKEW_MS;
  let { texts } = search;
  for (let first = firstOf(texts); first?.continues && first.at >= earliest; first = firstOf(texts)) {
    texts = await textsOfRun(context.options.store, image, first.continues.run);
    if (search.isHeldBy(texts)) return true;
  }
  return false;
}

function firstOf([text]: readonly string[]): Extract<JournalEntry, { type: 'ProcessStarted' }> | undefined {
  const entry = text === undefined ? undefined : parseEntry(text);
  return entry?.type === 'ProcessStarted' ? entry : undefined;
}

function isEntryOf(entry: JournalEntry, { id, event }: { readonly id: string; readonly event: string }): boolean {
  return (entry.type === 'EventReceived' || entry.type === 'ProcessStarted') && entry.id === id && entry.event === event;
}
