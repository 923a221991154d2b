import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { newImage, type Image } from '../../core/image.ts';
import type { StartInbound } from '../../core/inbound.ts';
import { offload } from '../../core/journal.ts';
import { remember } from './apply-operation.ts';
import { definitionName } from '../../contract/catalogue.ts';
import type { EngineContext } from '../engine-context.ts';
import { LiveInstance } from './live-instance.ts';

/** A new run of the instance, in memory; `before`: the head that it takes the place of, an early buffer or a closed run. */
export function beginRun(
  { environment, options }: EngineContext,
  definition: ProcessContract,
  pid: string,
  start: StartInbound,
  before: Image | undefined,
): LiveInstance {
  const image = begun(pid, start.identity, definition, start.at, before);
  const live = new LiveInstance(definition, environment, options.frontEndOf, image);
  keepInputs(live);
  return live;
}

/** The image of a new run: it keeps what must outlive what was before, if only a start that could not begin. */
function begun(pid: string, run: string, definition: ProcessContract, at: number, before: Image | undefined): Image {
  const image = newImage(pid, run, definitionName(definition), at);
  if (!before) return image;
  const { signals, signalsFloor, tombstones, clock } = before;
  return {
    ...image,
    clock: Math.max(at, clock),
    signals: [...signals],
    starts: startsOf(before, definition),
    tombstones: [...tombstones],
    ...(signalsFloor !== undefined && { signalsFloor }),
  };
}

/** The start of the run before was remembered by the run's name; a decider has it among its signals. */
function startsOf({ run, starts }: Image, { kind }: ProcessContract): string[] {
  const kept = [...starts];
  if (run !== '' && kind === 'async') remember(kept, run);
  return kept;
}

/** What was put for the run before may be on its way out with it: what this one goes on with is put again. */
function keepInputs({ run }: LiveInstance): void {
  for (const { input, inputRef } of run.image.tombstones) if (inputRef !== undefined) offload(run, input);
}
