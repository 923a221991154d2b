import { classify, type Verdict } from '../../core/classify.ts';
import { isClosed, STARTS_MAX, type Image } from '../../core/image.ts';
import type { Inbound } from '../../core/inbound.ts';
import type { JournalEntry } from '../../core/journal-entry.ts';
import { NOBODY } from '../admit/admission.ts';
import { forged, isNewer, isSigned } from './reply-checks.ts';
import type { EngineContext } from '../engine-context.ts';
import type { Item } from './item.ts';
import { DEPLOY_SECONDS, isDeploying } from '../acknowledge/redelivery-delays.ts';
import { journalTexts, parseEntry } from '../../format/read-journal.ts';

/** What is to become of the event. Notes in the item why it is refused, or when it comes again. */
export async function verdictOn(context: EngineContext, pid: string, image: Image | undefined, item: Item): Promise<Verdict> {
  const { inbound, reply, definition } = item.target;
  if (reply && image && forged(context, image, inbound, reply)) return forbid(item);
  if (reply && image && isNewer(context, image, inbound)) return waitForDeploy(context, pid, item);
  const verdict = classify(image, inbound, definition ?? NOBODY);
  // Only a service that was asked can know more than this head: any other would stop the instance by an answer to nothing.
  if (verdict === 'future' && reply && image && !(isSigned(context, reply) && (await hasAsked(context, image, reply.source))))
    return forbid(item);
  if (verdict === 'restart') return (await hasRun(context, image, inbound)) ? 'dup' : 'restart';
  if (verdict !== 'verify') return verdict;
  if (await journalHolds(context, image, inbound)) return 'dup';
  return image && isClosed(image.status) ? 'closed' : 'apply';
}

function forbid(item: Item): Verdict {
  const { pid, inbound, reply } = item.target;
  const message = `${reply?.source} answered command ${inbound.key} of ${pid}, which is not its own, or not what was asked, or has no token of the command.`;
  item.refused = { code: 'FORBIDDEN', message };
  return 'park';
}

/** The service knows a newer version of the contract than this code: a deploy is rolling, or was forgotten. */
function waitForDeploy(context: EngineContext, pid: string, item: Item): Verdict {
  if (isDeploying(context, item.message)) {
    item.giveBackSeconds = DEPLOY_SECONDS;
    return 'wait';
  }
  const message = `The answer ${item.target.inbound.key} to ${pid} is of a newer version than the contract of this orchestrator.`;
  item.refused = { code: 'NEWER', message };
  return 'park';
}

/** Whether the instance has asked a service for anything, as far as its journal and its open commands tell. */
async function hasAsked(context: EngineContext, image: Image, service: string): Promise<boolean> {
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

/** A start that has left the ring of ids has a run of its own, and nothing of a run is left but its journal. */
async function hasRun(context: EngineContext, image: Image | undefined, inbound: Inbound): Promise<boolean> {
  if (!image || inbound.kind !== 'start' || image.starts.length < STARTS_MAX) return false;
  return (await context.options.store.chunks(image.pid, inbound.identity)).length > 0;
}

/** Older than the ring of ids: the journal knows every event. */
async function journalHolds(context: EngineContext, image: Image | undefined, inbound: Inbound): Promise<boolean> {
  if (!image || (inbound.kind !== 'signal' && inbound.kind !== 'start')) return false;
  const texts = await journalTexts(context.options.store, image);
  const wanted = `"id":${JSON.stringify(inbound.id)}`;
  return texts.some((text) => text.includes(wanted) && tellsOf(parseEntry(text), inbound));
}

function tellsOf(entry: JournalEntry, { id, event }: { readonly id: string; readonly event: string }): boolean {
  return (entry.type === 'EventReceived' || entry.type === 'ProcessStarted') && entry.id === id && entry.event === event;
}
