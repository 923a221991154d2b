import { classify, type Verdict } from '../../core/classify.ts';
import { type Image, STARTS_MAX, isClosed } from '../../core/image.ts';
import type { Inbound } from '../../core/inbound.ts';
import type { JournalEntry } from '../../core/journal-entry.ts';
import { type Item, NO_DEFINITION, type Target } from '../admit/admission.ts';
import type { EngineContext } from '../engine-context.ts';
import { DEPLOY_SECONDS, isDeploying } from '../acknowledge/redelivery-delays.ts';
import { journalTexts, parseEntry } from '../../format/read-journal.ts';
import { versionOf } from '../../contract/versions.ts';

/** Classifies the event. Sets in the item why it is refused, or when it is redelivered. */
export async function verdictOn(context: EngineContext, pid: string, image: Image | undefined, item: Item): Promise<Verdict> {
  const { inbound, reply, definition } = item.target;
  if (reply && image && forged(context, image, inbound, reply)) return forbid(item);
  if (reply && image && isNewer(context, image, inbound)) return waitForDeploy(context, pid, item);
  const verdict = classify(image, inbound, definition ?? NO_DEFINITION);
  // Accept a `future` reply only from a service that the instance has sent commands to: a spoofed reply could make the instance stuck.
  if (verdict === 'future' && reply && image && !(isSigned(context, reply) && (await hasCommanded(context, image, reply.source))))
    return forbid(item);
  if (verdict === 'restart') return (await hasRun(context, image, inbound)) ? 'dup' : 'restart';
  if (verdict !== 'verify') return verdict;
  if (await journalHolds(context, image, inbound)) return 'dup';
  return image && isClosed(image.status) ? 'closed' : 'apply';
}

function forbid(item: Item): Verdict {
  const { pid, inbound, reply } = item.target;
  const message = `The reply of ${reply?.source} to command ${inbound.key} of ${pid} is spoofed: another service owns the command, or its data or token differs.`;
  item.refused = { code: 'FORBIDDEN', message };
  return 'park';
}

/** The service knows a newer version of the contract than this code: a deploy is in progress, or was forgotten. */
function waitForDeploy(context: EngineContext, pid: string, item: Item): Verdict {
  if (isDeploying(context, item.message)) {
    item.retryInSeconds = DEPLOY_SECONDS;
    return 'wait';
  }
  const message = `The reply ${item.target.inbound.key} to ${pid} has a newer version than the contract of this orchestrator.`;
  item.refused = { code: 'NEWER', message };
  return 'park';
}

/** Whether the instance has sent a command to a service, by its journal and its open commands. */
async function hasCommanded(context: EngineContext, image: Image, service: string): Promise<boolean> {
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

/** Whether the journal holds an event that has left the ring of ids. */
async function journalHolds(context: EngineContext, image: Image | undefined, inbound: Inbound): Promise<boolean> {
  if (!image || (inbound.kind !== 'signal' && inbound.kind !== 'start')) return false;
  const texts = await journalTexts(context.options.store, image);
  const wanted = `"id":${JSON.stringify(inbound.id)}`;
  return texts.some((text) => text.includes(wanted) && isEntryOf(parseEntry(text), inbound));
}

function isEntryOf(entry: JournalEntry, { id, event }: { readonly id: string; readonly event: string }): boolean {
  return (entry.type === 'EventReceived' || entry.type === 'ProcessStarted') && entry.id === id && entry.event === event;
}

/** A reply counts only from the service that owns the command, and only for the data of the command (docs/correctness.md#i12). */
export function forged(context: EngineContext, image: Image, inbound: Inbound, reply: NonNullable<Target['reply']>): boolean {
  if (inbound.kind !== 'reply') return false;
  const tombstone = image.tombstones.find((each) => each.run === inbound.run && each.n === inbound.n);
  const command = tombstone ?? (inbound.run === image.run ? image.commands.get(inbound.n) : undefined);
  if (!command) return false;
  const { hash = reply.commandhash } = command;
  if (reply.source !== context.environment.commands.get(command.command)?.service || reply.commandhash !== hash) return true;
  return !isSigned(context, reply, 'since' in command ? command.since : undefined);
}

/**
 * Whether the sender of the reply has read the command, which only its service can: a publisher that spoofs the service may know all other
 * members.
 */
export function isSigned({ replyTokens }: EngineContext, reply: NonNullable<Target['reply']>, since?: number): boolean {
  if (replyTokens === undefined) return true;
  const { commandId: id, datahash, token } = reply;
  return replyTokens.isGenuine(token, { id, datahash, ...(since !== undefined && { since }) });
}

/** Whether a reply has a newer version of the output than this code knows. */
export function isNewer(context: EngineContext, image: Image, inbound: Inbound): boolean {
  if (inbound.kind !== 'reply' || inbound.outcome !== 'completed') return false;
  const tombstone = image.tombstones.find((each) => each.run === inbound.run && each.n === inbound.n);
  const command = tombstone ?? (inbound.run === image.run ? image.commands.get(inbound.n) : undefined);
  const contract = command && context.environment.commands.get(command.command);
  return contract !== undefined && (inbound.dataversion ?? 1) > versionOf(contract.output);
}
