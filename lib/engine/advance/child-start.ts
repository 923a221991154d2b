import { Cancelled, ProcessFailed, type CancelReason } from '../../contract/errors.ts';
import type { Json } from '../../contract/schema.ts';
import { failureToJson } from '../../contract/wire/failure-json.ts';
import { instanceText, pidOfCommand, processOf } from '../../contract/wire/process-id.ts';
import { taken } from '../../core/children.ts';
import { replyToIssuer } from '../../core/engine-commands.ts';
import { isBegunBy, isClosed, type Image, type OwnerOutcome } from '../../core/image.ts';
import type { ParentCommand, StartInbound } from '../../core/inbound.ts';
import type { JournalEntry } from '../../core/journal-entry.ts';
import { codeOf } from '../../core/run.ts';
import { remember } from '../../core/signal-ring.ts';
import { journalTexts, parseEntry } from '../../format/read-journal.ts';
import type { EngineContext } from '../engine-context.ts';
import type { LiveInstance } from './live-instance.ts';

/**
 * Decides on the command of a parent at its child (docs/protocol.md#children). Input: a start with `parent`, whose verdict is `apply`,
 * `reject` or `restart`. Output: the run, its cancellation, or a refusal, each in one commit with the reply, if that is due.
 */
export async function applyChild(
  live: LiveInstance,
  start: StartInbound,
  parent: ParentCommand,
  { at, rejected }: { readonly at: number; readonly rejected: boolean },
): Promise<void> {
  const { run } = live;
  const { image } = run;
  const { id, identity, source } = start;
  const { commandId, hash, depth } = parent;
  if (rejected) {
    // A later duplicate of the command must not begin a run: the reply says that there is none.
    remember(image.starts, identity);
    await live.apply({ type: 'StartRejected', at, id, source, parent: commandId });
    replyToIssuer(run, { commandId, hash, outcome: 'failed' }, failureToJson(taken(image.pid)));
    return;
  }
  if (run.position === 0) {
    image.parent = { commandId, hash, depth };
    if (start.trace !== undefined) image.trace = start.trace;
    if (start.tags) image.tags = start.tags;
  }
  if (parent.cancel) {
    remember(image.starts, parent.cancelIdentity);
    return live.apply({ type: 'CancelRequested', at, id, reason: 'its parent gave it up', by: instanceText(pidOfCommand(commandId)) });
  }
  return live.apply({
    type: 'ProcessStarted',
    at,
    definition: start.definition,
    ...codeOf(run.environment, start.definition),
    event: start.event,
    id,
    source,
    time: start.time,
    ...(start.subject !== undefined && { subject: start.subject }),
    parent: commandId,
    data: start.data,
  });
}

/** The reply to the command of a parent. */
export interface ChildReply {
  readonly outcome: OwnerOutcome;
  readonly data: Json;
  readonly dataref?: string;
}

/**
 * The reply to a command that the child has answered before; undefined if the child has not ended. The reply of its commit may be lost, and
 * the parent sends its command again.
 */
export async function answeredBefore(context: EngineContext, image: Image, { identity }: StartInbound): Promise<ChildReply | undefined> {
  if (isBegunBy(image, identity) && !isClosed(image.status)) return undefined;
  if (image.erased !== undefined) return erasedReply(image.pid);
  const texts = isBegunBy(image, identity)
    ? await journalTexts(context.options.store, image)
    : (await context.options.store.chunks(image.pid, identity)).flatMap(({ entries }) => entries);
  const ending = texts.map(parseEntry).findLast(isEnding);
  if (!ending) return { outcome: 'failed', data: failureToJson(taken(image.pid)) };
  switch (ending.type) {
    case 'ProcessCompleted':
      return { outcome: 'completed', ...(await valueOf(context, image.pid, ending)) };
    case 'ProcessFailed':
      return { outcome: 'failed', ...(await valueOf(context, image.pid, ending)) };
    case 'ProcessCancelled': {
      const { reason, message } = ending;
      return {
        outcome: 'cancelled',
        data: failureToJson(new Cancelled({ reason: reason as CancelReason, ...(message !== undefined && { message }) })),
      };
    }
    case 'ProcessTerminated': {
      const data = { reason: `it was terminated: ${ending.reason}` };
      return { outcome: 'failed', data: failureToJson(new ProcessFailed({ process: processOf(image.pid), type: 'Other', data })) };
    }
  }
}

/** The reply of the end was accepted before the erasure, so this one is of a copy of the command. */
function erasedReply(pid: string): ChildReply {
  const data = { reason: 'its data was erased' };
  return { outcome: 'failed', data: failureToJson(new ProcessFailed({ process: processOf(pid), type: 'Other', data })) };
}

async function valueOf(
  { readPayload }: EngineContext,
  pid: string,
  { data = null, dataref }: { readonly data?: Json; readonly dataref?: string },
): Promise<{ readonly data: Json; readonly dataref?: string }> {
  return dataref === undefined ? { data } : { data: await readPayload(pid, dataref), dataref };
}

type Ending = Extract<JournalEntry, { type: 'ProcessCompleted' | 'ProcessFailed' | 'ProcessCancelled' | 'ProcessTerminated' }>;

const ENDINGS: ReadonlySet<string> = new Set<Ending['type']>([
  'ProcessCompleted',
  'ProcessFailed',
  'ProcessCancelled',
  'ProcessTerminated',
]);

function isEnding(entry: JournalEntry): entry is Ending {
  return ENDINGS.has(entry.type);
}
