import { DEFAULT_TENANT } from '../contract/wire/process-id.ts';
import type { Json } from '../contract/schema.ts';
import type { ProcessStore } from '../ports/process-store.ts';

/** The graph of a definition, as a build has read it from the source. */
export interface BuiltFlow {
  /** `name@version`. */
  readonly definition: string;
  /** The hash of the code that decides (lib/flow/code-hash.ts). */
  readonly code: string;
  /** A `Flow` (lib/flow/flow.ts). */
  readonly flow: Json;
}

/** The hash of the code of each definition, by `name@version`. */
export function codesOf(flows: readonly BuiltFlow[]): Readonly<Record<string, string>> {
  return Object.fromEntries(flows.map(({ definition, code }) => [definition, code]));
}

/** A code of a definition that a build has run with, from a time on, in milliseconds since the epoch. */
export interface KnownCode {
  readonly code: string;
  readonly at: number;
}

/** The file with the graphs of a build, in the folder of the function that stores them. */
export const FLOWS_FILE = 'flows.json';

/** The built-in instance of a definition whose chunks hold its graphs: one for each code, and the list of the codes. It has no head. */
const FLOWS = 'tutti--flow';
/** The partitions of the graphs, as a pattern of rights. */
export const FLOW_PARTITIONS = `${DEFAULT_TENANT}#${FLOWS}#*`;
const CODES = 'codes';

/**
 * Stores the graphs that are not stored yet, each under its code, so that runs of an earlier build keep theirs. The graph is written before the
 * list that names it. A code that comes back, as after a rollback, is listed again. Two builds at once may both append: one of them is then
 * missing from the list until its host calls this again.
 */
export async function storeFlows(store: Pick<ProcessStore, 'chunks' | 'spill'>, flows: readonly BuiltFlow[], now: number): Promise<number> {
  let stored = 0;
  for (const { definition, code, flow } of flows) {
    const pid = pidOf(definition);
    const codes = await knownCodes(store, definition);
    if (codes.at(-1)?.code === code) continue;
    await store.spill({ pid, run: code, from: 0, entries: [JSON.stringify(flow)] });
    await store.spill({ pid, run: CODES, from: codes.length, entries: [JSON.stringify({ code, at: now } satisfies KnownCode)] });
    stored += 1;
  }
  return stored;
}

/** The codes of a definition, the newest last. */
export async function knownCodes(store: Pick<ProcessStore, 'chunks'>, definition: string): Promise<readonly KnownCode[]> {
  const chunks = await store.chunks(pidOf(definition), CODES);
  return chunks.flatMap(({ entries }) => entries).map((text) => JSON.parse(text) as KnownCode);
}

/** The graph of a definition under a code; undefined if none is stored. */
export async function storedFlow(store: Pick<ProcessStore, 'chunks'>, definition: string, code: string): Promise<Json | undefined> {
  const [chunk] = await store.chunks(pidOf(definition), code);
  const text = chunk?.entries[0];
  return text === undefined ? undefined : (JSON.parse(text) as Json);
}

function pidOf(definition: string): string {
  return `${DEFAULT_TENANT}#${FLOWS}#${definition}`;
}
