import { expect, test } from 'vitest';
import { MemoryProcessStore, memoryProcessTables } from '../../lib/adapters/memory/process-store.ts';
import { Checkout, Nudge, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig } from './engine-rig.ts';

/** Counts how often the engine reads a journal. */
class CountingStore extends MemoryProcessStore {
  reads = 0;

  override chunks(pid: string, run: string): ReturnType<MemoryProcessStore['chunks']> {
    this.reads += 1;
    return super.chunks(pid, run);
  }
}

test('events that are dated to the year 9999 do not make each later event read the journal', async () => {
  const trip = tripOf(async (ctx) => {
    for (;;) await ctx.waitFor(Nudge);
  });
  const store = new CountingStore(memoryProcessTables());
  const rig = new EngineRig([trip], services, { store });
  rig.happens(Checkout, { id: 'a' });
  const nudge = async (count: number, name: string, more: { readonly time?: string } = {}): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      rig.clock.advance(1_000);
      rig.happens(Nudge, { id: 'a' }, `${name}${i}`, more);
      await rig.advance();
    }
  };
  await nudge(100, 'before');
  await nudge(70, 'far', { time: '9999-12-31T23:59:59.999Z' });
  await nudge(70, 'between');
  store.reads = 0;
  await nudge(50, 'after');
  expect(store.reads).toBe(0);
  // Each of them is still one event.
  const { tailFrom, tail } = (await rig.head('default#trip#a'))!;
  await nudge(70, 'far', { time: '9999-12-31T23:59:59.999Z' });
  const after = (await rig.head('default#trip#a'))!;
  expect(after.tailFrom + after.tail.length).toBe(tailFrom + tail.length);
});
