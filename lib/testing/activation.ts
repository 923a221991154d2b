import { failureFromJson } from '../contract/wire/failure-json.ts';
import type { Failure } from '../contract/errors.ts';
import type { Json } from '../contract/schema.ts';
import { buildCommandId, parsePid, type InstanceKey } from '../contract/wire/process-id.ts';
import type { StuckReason } from '../core/image.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { ProcessRun, WaitStep } from '../core/run.ts';
import type { Consequence } from './consequence.ts';

/** The state of a run before an event, to find the consequences of the event. */
export interface Mark {
  readonly entries: number;
  readonly waits: ReadonlySet<WaitStep>;
  readonly stuck: StuckReason | undefined;
}

/** The state before a start. */
export const NO_MARK: Mark = { entries: 0, waits: new Set(), stuck: undefined };

export function markOf({ image, waits }: ProcessRun): Mark {
  return { entries: image.tail.length, waits: new Set(waits), stuck: image.stuck };
}

/** The command name of each issued command id, to name an undo by the command that it undoes. */
export type IssuedCommands = Map<string, string>;

/** The decisions of a run since `mark`, in their order. `entries`: the journal since then, with its stored values. */
export function consequencesSince(run: ProcessRun, mark: Mark, entries: readonly JournalEntry[], issued: IssuedCommands): Consequence[] {
  const found: { readonly at: number; readonly consequence: Consequence }[] = [];
  // A wait was created before the journal entry with the same position.
  for (const wait of run.waits)
    if (!mark.waits.has(wait)) for (const event of wait.events) found.push({ at: wait.order - 0.5, consequence: { kind: 'waits', event } });
  entries.forEach((entry, index) => {
    const consequence = ofEntry(run, entry, issued);
    if (consequence) found.push({ at: mark.entries + index, consequence });
  });
  const consequences = found.toSorted((a, b) => a.at - b.at).map(({ consequence }) => consequence);
  const { stuck } = run.image;
  return stuck && stuck !== mark.stuck ? [...consequences, { kind: 'isStuck', code: stuck.code, message: stuck.message }] : consequences;
}

/** The decisions of an earlier run of the chain that the event has ended. `entries`: its last ones. */
export function consequencesBefore(
  run: ProcessRun,
  ended: string,
  entries: readonly JournalEntry[],
  issued: IssuedCommands,
): Consequence[] {
  return entries.map((entry) => ofEntry({ image: { ...run.image, run: ended } }, entry, issued)).filter((each) => each !== undefined);
}

/** Commands that were withdrawn in the same activation are not visible outside, so they are not consequences. */
function ofEntry({ image }: Pick<ProcessRun, 'image'>, entry: JournalEntry, issued: IssuedCommands): Consequence | undefined {
  switch (entry.type) {
    case 'ProcessStarted':
      return entry.continues && { kind: 'continues', input: entry.data ?? null };
    case 'CommandAnswered':
      if (entry.late) issued.set(buildCommandId(image.pid, entry.late.run, entry.n), entry.late.command);
      return undefined;
    case 'CommandIssued': {
      issued.set(buildCommandId(image.pid, image.run, entry.n), entry.command);
      const command = image.commands.get(entry.n);
      if (!command) return undefined;
      if (entry.owner !== undefined) {
        const { process, id } = parsePid(entry.owner) as InstanceKey;
        return { kind: 'starts', process, id, input: command.input };
      }
      return entry.undoes === undefined
        ? { kind: 'calls', command: entry.command, input: command.input }
        : { kind: 'undoes', command: issued.get(entry.undoes) ?? entry.undoes };
    }
    case 'TimerSet': {
      const purpose = image.timers.get(entry.n)?.purpose;
      return purpose === 'sleep' || purpose === 'named' ? { kind: 'sleeps', durationMs: entry.due - image.clock } : undefined;
    }
    case 'EventPublished': {
      const fire = image.pendingSends.find((each) => each.kind === 'event' && each.n === entry.n);
      return { kind: 'publishes', event: entry.event, data: fire?.data ?? null };
    }
    case 'EventAnswered':
      return { kind: 'answers', event: entry.event, value: entry.data ?? null };
    case 'ProcessCompleted':
      return { kind: 'completes', result: entry.data ?? null };
    case 'ProcessFailed':
      return { kind: 'fails', failure: causeOf(failureFromJson(entry.data ?? null)) };
    case 'ProcessCancelled':
      return { kind: 'fails', failure: failureFromJson({ code: 'CANCELLED', message: '', reason: entry.reason }) };
    default:
      return undefined;
  }
}

/** The original failure: clients get an undeclared failure as `Other`, but a test names the failure itself. */
function causeOf(failure: Failure): Failure {
  const details = failure.details as { readonly cause?: Json } | null;
  return details?.cause === undefined ? failure : failureFromJson(details.cause);
}
