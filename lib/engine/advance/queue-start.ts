import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { versionOf } from '../../contract/schema.ts';
import { startSchema } from '../../core/children.ts';
import { WAITING_MAX } from '../../core/image.ts';
import type { StartInbound } from '../../core/inbound.ts';
import type { NotWaiting } from '../../core/journal-entry.ts';
import { remember } from '../../core/signal-ring.ts';
import { waitingStart } from '../../core/waiting.ts';
import type { LiveInstance } from './live-instance.ts';

/**
 * Decides on a start that waits for the end of the open run (lib/core/waiting.ts). Input: a start whose verdict is `queue`. Output: its place in the
 * head, and with `'replace'` the cancellation of the run, in one commit.
 */
export async function queueStart(live: LiveInstance, start: StartInbound, at: number): Promise<void> {
  const { definition, environment } = live.run;
  const newest = environment.processes?.get(definition.name)?.[0] ?? definition;
  const replaces = (start.onOpen ?? newest.onOpen) === 'replace';
  const { id, event, source, time } = start;
  const before = live.run.image.waiting ?? [];
  if (!replaces && before.length >= WAITING_MAX) return reject(live, start, { at, reason: 'full' });
  await live.apply({ type: 'StartQueued', at, id, event, source, time, ...(replaces && { replaces }) });
  const { run } = live;
  const own = waitingStart(run, start, { dataversion: dataversionOf(newest), replaces });
  run.image.waiting = replaces ? [own] : [...before, own];
  if (!replaces) return;
  for (const each of before) await reject(live, each, { at, reason: 'replaced' });
  // The run is already being cancelled for the start that waited before.
  if (before.some((each) => each.replaces)) return;
  await live.apply({ type: 'CancelRequested', at, id, reason: 'a newer start replaces it', by: source });
}

/** Its identity is remembered, so a duplicate begins nothing. */
function reject(
  live: LiveInstance,
  { identity, id, source }: Pick<StartInbound, 'identity' | 'id' | 'source'>,
  { at, reason }: { readonly at: number; readonly reason: NotWaiting },
): Promise<void> {
  remember(live.run.image.starts, identity);
  return live.apply({ type: 'StartRejected', at, id, source, reason });
}

/** The version in which the data of a start was admitted. */
function dataversionOf(definition: ProcessContract): number {
  return versionOf(startSchema(definition));
}
