import { chunkGroup } from '../adapters/memory/process-store.ts';
import type { Json } from '../contract/schema.ts';
import { chainOf, pastOf } from '../format/head-codec.ts';
import { mergeRun, parseEntry, runBefore, withValues } from '../format/read-journal.ts';
import type { Head } from '../ports/process-store.ts';
import type { WorldState } from './world-state.ts';

/**
 * The whole journal of a run of a head, with its values. `number`: its place among the runs that `ctx.continueAsNew` has joined. Reads the
 * tables synchronously, because no event is applied meanwhile.
 */
export function journalOf({ chunks, payloadTexts }: WorldState, head: Head, number = chainOf(head)?.number ?? 1): Json[] {
  const valueOf = (name: string): Json => JSON.parse(payloadTexts.get(name) ?? 'null') as Json;
  const past = pastOf(head);
  const textsOf = (run: string): string[] => mergeRun(chunks.list(chunkGroup({ pid: head.pid, run })), { ...head, past }, run);
  let texts = textsOf(head.run);
  for (let at = chainOf(head)?.number ?? 1; at > number; at -= 1) texts = textsOf(runBefore(texts) ?? '');
  return texts.map((text) => withValues(parseEntry(text), valueOf) as unknown as Json);
}
