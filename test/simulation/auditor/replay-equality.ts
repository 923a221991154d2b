import { canonical } from '../../../lib/contract/wire/json.ts';
import type { Json } from '../../../lib/contract/schema.ts';
import type { Decided } from '../../../lib/core/journal-entry.ts';
import type { RunEnvironment } from '../../../lib/core/run.ts';
import type { Catalogue } from '../../../lib/contract/catalogue.ts';
import { sha256 } from '../../../lib/format/inbox-message.ts';
import { readEntries } from '../../../lib/format/read-journal.ts';
import { replayEntries } from '../../../lib/engine/replay-journal.ts';
import { frontEndOf } from '../../../lib/process/front-end.ts';
import type { RunPicture } from './instance-picture.ts';
import type { Report } from './violations.ts';

/** I9: a whole journal replays on its definition in a build, activation by activation, so each of its prefixes does. */
export const checkReplay = async (
  pid: string,
  run: RunPicture,
  catalogue: Catalogue,
  read: (hash: string) => Promise<Json>,
  report: Report,
): Promise<void> => {
  const definition = catalogue.definition(run.definition);
  if (!definition) return;
  const entries = await readEntries(run.texts, read);
  const { differences } = await replayEntries({
    definition,
    environment: environmentOf(catalogue),
    frontEndOf,
    pid,
    run: run.run,
    entries,
  });
  for (const difference of differences) report('I9', `${pid}/${run.run} does not replay: ${difference}`);
};

/** I9: a replay decides each recorded entry again, byte for byte. The replays of the engine and of the runner of steps are equal by that. */
export const checkDecision = (pid: string, now: Decided, recorded: Decided | undefined, by: string, report: Report): void => {
  // The code has decided something else: the instance is stuck, or the runner has no function.
  if (recorded === undefined) return;
  // A replay takes the result of a process from the journal.
  if (now.type === 'ProcessCompleted') return;
  const [a, b] = [bytesOf(now), bytesOf(recorded)];
  if (a !== b) report('I9', `${by} replays ${pid} with ${a}: the journal has ${b}`);
};

const bytesOf = (entry: Decided): string => canonical(JSON.parse(JSON.stringify(entry)) as Json);

const environmentOf = ({ system }: Catalogue): RunEnvironment => ({
  system: system.name,
  commands: system.commands,
  processes: system.processes,
  hash: sha256,
  canonical,
  tickThresholdMs: Infinity,
  // The checks for mistakes in development were off when this was decided.
  checks: false,
});
