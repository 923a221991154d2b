import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { newImage, type Image } from '../../core/image.ts';
import type { StartInbound } from '../../core/inbound.ts';
import { offload } from '../../core/journal.ts';
import { remember } from '../../core/signal-ring.ts';
import { stillWaiting } from '../../core/waiting.ts';
import { definitionName } from '../../contract/catalogue.ts';
import type { EngineContext } from '../engine-context.ts';
import { LiveInstance } from './live-instance.ts';

/** The instance of a new run. */
interface Beginning {
  readonly pid: string;
  readonly definition: ProcessContract;
  /** The head that the run replaces: an early buffer or a closed run. */
  readonly before: Image | undefined;
}

/** A new run of the instance, in memory. */
export function beginRun(
  { environment, options }: EngineContext,
  start: Pick<StartInbound, 'identity' | 'at' | 'run'>,
  beginning: Beginning,
): LiveInstance {
  const { definition } = beginning;
  const live = new LiveInstance({ definition, environment, frontEndOf: options.frontEndOf }, begun(start, beginning));
  keepInputs(live);
  return live;
}

/** The image of a new run. It keeps the members that must outlive the previous run. */
function begun(
  { identity, at, run = identity }: Pick<StartInbound, 'identity' | 'at' | 'run'>,
  { pid, definition, before }: Beginning,
): Image {
  const image = newImage(pid, run, definitionName(definition), at);
  if (!before) return image;
  const { signals, signalsFloor, tombstones, clock, past, forks } = before;
  const waiting = stillWaiting(before, identity);
  return {
    ...image,
    clock: Math.max(at, clock),
    signals: [...signals],
    starts: startsOf(before, definition),
    tombstones: [...tombstones],
    ...(signalsFloor !== undefined && { signalsFloor }),
    ...(past && { past }),
    ...(forks && { forks }),
    ...(waiting && { waiting }),
  };
}

/** The name of a run remembers the start of an async process; a decider has its start among its signals. */
function startsOf({ run, starts, chain }: Image, { kind }: ProcessContract): string[] {
  const kept = [...starts];
  if (run !== '' && kind === 'async') remember(kept, chain?.first ?? run);
  return kept;
}

/** Payloads of the previous run may be expiring; store again the ones that carry over. */
function keepInputs({ run }: LiveInstance): void {
  for (const { input, inputRef } of run.image.tombstones) if (inputRef !== undefined) offload(run, input);
  for (const { data, dataref } of run.image.waiting ?? []) if (dataref !== undefined) offload(run, data);
}
