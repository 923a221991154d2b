import type { ErasureStore } from '../../ports/erasure-store.ts';
import type { MemoryParkingStore } from './parking-store.ts';
import type { MemoryPayloadStore } from './payload-store.ts';
import { chunkKey, type ProcessTables } from './process-store.ts';

export interface ErasedTables {
  readonly chunks: ProcessTables['chunks'];
  readonly payloads: MemoryPayloadStore;
  readonly parking: MemoryParkingStore;
}

/** Erases instances of a `MemoryProcessStore`. The records of commands belong to the services. */
export class MemoryErasureStore implements ErasureStore {
  readonly #tables: ErasedTables;

  constructor(tables: ErasedTables) {
    this.#tables = tables;
  }

  async erase(pid: string, instant: number): Promise<boolean> {
    const { chunks, payloads, parking } = this.#tables;
    for (const chunk of chunks.resident()) if (chunk.pid === pid) chunks.delete(chunkKey(chunk));
    payloads.forget(pid);
    parking.forget(pid, instant);
    return true;
  }
}
