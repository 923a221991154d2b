import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ErasureStore } from '../../lib/ports/erasure-store.ts';
import type { ParkingStore } from '../../lib/ports/parking-store.ts';
import type { PayloadStore } from '../../lib/ports/payload-store.ts';
import type { ProcessStore } from '../../lib/ports/process-store.ts';

export interface Erasing {
  readonly store: ProcessStore;
  readonly payloads: PayloadStore;
  readonly parking: ParkingStore;
  readonly erasure: ErasureStore;
  /** Resolves when all writes are where a reader of the storage finds them. */
  readonly settle?: () => Promise<void>;
}

const PID = 'acme#trip#1';
const OTHER = 'acme#trip#2';

/** The contract of each erasure store. `make` returns an empty store with its neighbours. */
export function erasureStoreContract(name: string, make: () => Promise<Erasing> | Erasing): void {
  describe(`erasure store: ${name}`, () => {
    const parked = (pid: string, at: number) => ({
      pid,
      id: `${at}#m`,
      reason: 'CLOSED',
      detail: 'late Ada',
      body: '{"a":"Ada"}',
      parkedAt: at,
    });
    const value = (pid: string): { readonly hash: string; readonly json: string } => {
      const json = JSON.stringify(`Ada of ${pid} ${'x'.repeat(2_000)}`);
      return { json, hash: createHash('sha256').update(json).digest('hex') };
    };
    const filled = async (): Promise<Erasing> => {
      const made = await make();
      for (const pid of [PID, OTHER]) {
        for (const run of ['r1', 'r2']) await made.store.spill({ pid, run, from: 0, entries: [`{"type":"x","data":"Ada of ${pid}"}`] });
        await made.payloads.put(pid, value(pid).hash, value(pid).json);
        await made.parking.park(parked(pid, 10));
        await made.parking.park(parked(pid, 20));
      }
      await made.settle?.();
      return made;
    };

    test('removes the chunks of every run, the values and the parked events of one instance', async () => {
      const made = await filled();
      expect(await made.erasure.erase(PID, 30)).toBe(true);
      for (const run of ['r1', 'r2']) expect(await made.store.chunks(PID, run)).toEqual([]);
      expect(await made.payloads.get(PID, value(PID).hash)).toBeUndefined();
      expect(await made.parking.parked(PID)).toEqual([]);
    });

    test('leaves what other instances hold', async () => {
      const made = await filled();
      await made.store.spill({ pid: OTHER, run: 'r3', from: 0, entries: [`{"dataref":"${value(OTHER).hash}"}`] });
      await made.erasure.erase(PID, 30);
      for (const run of ['r1', 'r2']) expect(await made.store.chunks(OTHER, run)).toHaveLength(1);
      expect(await made.payloads.get(OTHER, value(OTHER).hash)).toBe(value(OTHER).json);
      expect(await made.parking.parked(OTHER)).toHaveLength(2);
    });

    test('leaves the events that were parked after the instant, and changes nothing when it is repeated', async () => {
      const made = await filled();
      expect(await made.erasure.erase(PID, 15)).toBe(true);
      expect((await made.parking.parked(PID)).map(({ parkedAt }) => parkedAt)).toEqual([20]);
      expect(await made.erasure.erase(PID, 15)).toBe(true);
      expect(await made.parking.parked(PID)).toHaveLength(1);
    });
  });
}
