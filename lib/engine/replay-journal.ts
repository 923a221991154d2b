import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { FrontEndOf } from '../core/front-end.ts';
import { newImage, type Image } from '../core/image.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { RunEnvironment } from '../core/run.ts';
import { LiveInstance } from './advance/live-instance.ts';

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
export async function replayEntries(
  definition: ProcessContract,
  environment: RunEnvironment,
  frontEndOf: FrontEndOf,
  pid: string,
  run: string,
  entries: readonly JournalEntry[],
  image: Image = newImage(pid, run, `${definition.name}@${definition.version}`, entries[0] && 'at' in entries[0] ? entries[0].at : 0),
): Promise<Replayed> {
  if (definition.kind === 'decider') return { differences: [], skipped: [] };
  const live = await LiveInstance.replayed(definition, environment, frontEndOf, image, entries);
  const { bug, skipped } = live.run;
  return { differences: bug ? [`${bug.code}: ${bug.message}`] : [], skipped };
}
