import { failureFromJson } from '../contract/wire/failure-json.ts';
import type { Failure } from '../contract/errors.ts';
import type { Json } from '../contract/schema.ts';
import { buildCommandId } from '../contract/wire/process-id.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { ProcessRun, WaitStep } from '../core/run.ts';
import type { Consequence } from './consequence.ts';

/** What a run had decided before an event. */
export interface Mark {
  readonly entries: number;
  readonly waits: ReadonlySet<WaitStep>;
}

export const markOf = (run: ProcessRun): Mark => ({ entries: run.image.tail.length, waits: new Set(run.waits) });

/** What was issued under which command id, so that an undo can be told by what it undoes. */
export type IssuedCommands = Map<string, string>;

/** What a run has decided since, in the order in which it did. `entries`: the journal since, what it only names read back. */
export const consequencesSince = (run: ProcessRun, mark: Mark, entries: readonly JournalEntry[], issued: IssuedCommands): Consequence[] => {
  const found: { readonly at: number; readonly consequence: Consequence }[] = [];
  // A wait was made before the entry at its place was written.
  for (const wait of run.waits)
    if (!mark.waits.has(wait)) found.push({ at: wait.order - 0.5, consequence: { kind: 'waits', event: wait.event } });
  entries.forEach((entry, index) => {
    const consequence = ofEntry(run, entry, issued);
    if (consequence) found.push({ at: mark.entries + index, consequence });
  });
  const consequences = found.toSorted((a, b) => a.at - b.at).map(({ consequence }) => consequence);
  return run.stuck ? [...consequences, { kind: 'isStuck', code: run.stuck.code, message: run.stuck.message }] : consequences;
};

/** What was taken back in the same activation was never seen from outside, so it is no consequence. */
const ofEntry = (run: ProcessRun, entry: JournalEntry, issued: IssuedCommands): Consequence | undefined => {
  const { image } = run;
  switch (entry.type) {
    case 'CommandAnswered':
      if (entry.late) issued.set(buildCommandId(image.pid, entry.late.run, entry.n), entry.late.command);
      return undefined;
    case 'CommandIssued': {
      issued.set(buildCommandId(image.pid, image.run, entry.n), entry.command);
      const command = image.commands.get(entry.n);
      if (!command) return undefined;
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
    case 'ProcessCompleted':
      return { kind: 'completes', result: entry.data ?? null };
    case 'ProcessFailed':
      return { kind: 'fails', failure: causeOf(failureFromJson(entry.data ?? null)) };
    case 'ProcessCancelled':
      return { kind: 'fails', failure: failureFromJson({ code: 'CANCELLED', message: '', reason: entry.reason }) };
    default:
      return undefined;
  }
};

/** A client meets what a process did not declare as `Other`; a test names what it was. */
const causeOf = (failure: Failure): Failure => {
  const details = failure.details as { readonly cause?: Json } | null;
  return details?.cause === undefined ? failure : failureFromJson(details.cause);
};
