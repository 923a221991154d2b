import { ProcessBug } from '../contract/errors.ts';
import type { Json } from '../contract/wire/json.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import { firstDifference as differing, shown } from '../core/difference.ts';
import type { Image } from '../core/image.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { RunEnvironment } from '../core/run.ts';
import { LiveInstance } from '../engine/advance/live-instance.ts';
import { frontEndOf } from '../process/front-end.ts';

/** The decisions of a process live, and after it was rebuilt from its journal. */
export interface Disagreement {
  readonly definition: ProcessContract;
  readonly environment: RunEnvironment;
  /** The image of the live decision. `journal` is the journal of its whole run. */
  readonly image: Image;
  readonly journal: readonly JournalEntry[];
  /** Both results as JSON, for a difference that a replay of the journal does not show. */
  readonly live: Json;
  readonly rebuilt: Json;
}

const REPLAYS_MAX = 4;

/** The error of a replay that finds the difference, or an error with the first member that differs. */
export async function nondeterminism(disagreement: Disagreement): Promise<ProcessBug> {
  const { definition, environment, image, journal, live, rebuilt } = disagreement;
  // Repeats the replay, because a random decision can agree with the journal by chance.
  for (let replays = 0; definition.kind === 'async' && replays < REPLAYS_MAX; replays += 1) {
    const { bug } = (await LiveInstance.replayed({ definition, environment, frontEndOf }, structuredClone(image), journal)).run;
    if (bug) return nondeterministic(bug.message);
  }
  return nondeterministic(`${definition.name} decides differently when ${image.pid} is rebuilt: ${describeDifference(live, rebuilt)}.`);
}

/** `message` says what differs. */
export function nondeterministic(message: string): ProcessBug {
  return new ProcessBug(
    'NONDETERMINISM',
    `${message} Check whether the code reads the clock, random values, or a variable that other code changes. Use ctx.now(), ctx.random() and ctx.uuid(), and get other data from events and replies.`,
  );
}

/** The first difference of two values. */
export function describeDifference(live: Json | undefined, rebuilt: Json | undefined, of = ''): string {
  const { path, values } = differing(live, rebuilt, of);
  return `${path}is ${shown(values[0])} live, and ${shown(values[1])} rebuilt`;
}
