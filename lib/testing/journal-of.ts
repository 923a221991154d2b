import { chunkGroup } from '../adapters/memory/process-store.ts';
import type { Json } from '../contract/schema.ts';
import { mergeJournal } from '../engine/live-instance.ts';
import type { Head } from '../ports/process-store.ts';
import type { WorldState } from './world-state.ts';

/** The whole journal of a head's run; what its entries only name stands in them. */
export const journalOf = ({ chunks, payloadTexts }: WorldState, head: Head): Json[] => {
  const texts = mergeJournal(chunks.list(chunkGroup(head)), head.tail, head.tailFrom);
  return texts.map((text) => {
    const { dataref, ...entry } = JSON.parse(text) as { readonly dataref?: string; readonly [key: string]: Json | undefined };
    return dataref === undefined ? entry : { ...entry, data: JSON.parse(payloadTexts.get(dataref) ?? 'null') as Json };
  });
};
