import { chunkGroup } from '../adapters/memory/process-store.ts';
import type { Json } from '../contract/schema.ts';
import { mergeJournal, parseEntry, withValues } from '../format/read-journal.ts';
import type { Head } from '../ports/process-store.ts';
import type { WorldState } from './world-state.ts';

/** The whole journal of a head's run, with its values. Reads the tables synchronously, because no event is applied meanwhile. */
export function journalOf({ chunks, payloadTexts }: WorldState, head: Head): Json[] {
  const valueOf = (name: string): Json => JSON.parse(payloadTexts.get(name) ?? 'null') as Json;
  return mergeJournal(chunks.list(chunkGroup(head)), head).map((text) => withValues(parseEntry(text), valueOf) as unknown as Json);
}
