import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { FrontEndOf } from '../core/front-end.ts';
import { newImage, type Image } from '../core/image.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { RunEnvironment } from '../core/run.ts';
import { activations } from '../core/replay.ts';
import { LiveInstance } from './advance/live-instance.ts';

/** The journal of a run, and the code that replays it. */
export interface RecordedRun {
  readonly definition: ProcessContract;
  readonly environment: RunEnvironment;
  readonly frontEndOf: FrontEndOf;
  readonly pid: string;
  readonly run: string;
  readonly entries: readonly JournalEntry[];
  /** The head of a run that is open. @default that of a run which has just begun */
  readonly image?: Image;
}

export interface Replayed {
  /** Decisions of the code that differ from the journal; empty if there are none. */
  readonly differences: readonly string[];
  /** Values of `ctx.send` and `ctx.view` that are new in the code and were skipped (docs/replay.md#added). They are no differences. */
  readonly skipped: readonly string[];
}

/**
 * Replays a whole journal on this code, from its first entry: checks golden journals and open runs before a deploy. The journal of a
 * decider is not replayed: its state is stored, so new code takes over at the next event. With the `image` of an open run, a difference
 * shows the data that the head still holds.
 */
export async function replayEntries(recorded: RecordedRun): Promise<Replayed> {
  const { definition, environment, frontEndOf, entries, image = imageBefore(recorded) } = recorded;
  if (definition.kind === 'decider') return { differences: [], skipped: [] };
  const live = await LiveInstance.replayed({ definition, environment, frontEndOf }, image, entries);
  const { bug, skipped } = live.run;
  return { differences: bug ? [`${bug.code}: ${bug.message}`] : [], skipped };
}

/**
 * Gives the facts of a decider to its handlers again, from its first state, for a debugger. Nothing is compared, because the state of an
 * instance is stored and new code takes over at its next event.
 */
export async function handleAgain(recorded: RecordedRun): Promise<Replayed> {
  const live = new LiveInstance(recorded, imageBefore(recorded));
  for (const { fact } of activations(recorded.entries)) if (!live.run.bug) await live.apply(fact);
  const { bug } = live.run;
  return { differences: bug ? [`${bug.code}: ${bug.message}`] : [], skipped: [] };
}

function imageBefore({ definition, pid, run, entries }: RecordedRun): Image {
  const [first] = entries;
  return newImage(pid, run, `${definition.name}@${definition.version}`, first && 'at' in first ? first.at : 0);
}
