import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../property-runs.ts';
import { servePayments } from './payments.ts';
import { ServiceRig, START } from './service-rig.ts';

/** A command whose handler never answers, with copies, replies that the bus loses, and workers that start and stop. */
type Act = { readonly do: 'copy' | 'deliver' | 'lose-answers' | 'take-answers' } | { readonly do: 'advance'; readonly seconds: number };

const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constantFrom('copy' as const, 'deliver' as const, 'deliver' as const, 'lose-answers' as const, 'take-answers' as const),
    }),
    fc.record({ do: fc.constant('advance' as const), seconds: fc.constantFrom(1, 5, 60, 900) }),
  ),
  { maxLength: 40 },
);

interface Told {
  readonly starts: number;
  readonly startedAt: readonly number[];
  readonly rig: ServiceRig;
}

async function live(how: 'throws' | 'not-done', attempts: number, story: readonly Act[]): Promise<Told> {
  const startedAt: number[] = [];
  let losing = false;
  const rig: ServiceRig = new ServiceRig(
    servePayments(async (_input, task) => {
      startedAt.push(rig.clock.now());
      throw how === 'throws' ? new TypeError('no route to the gateway') : task.notDone('no route to the gateway');
    }),
    {
      publisher: (bus) => ({
        publish: async (events) => (losing ? events.map(() => ({ status: 'failed', reason: 'throttled' })) : bus.publish(events)),
      }),
    },
  );
  const over = { retryattempts: attempts, retryfirst: 2_000, retrymost: 600_000 };
  let copies = 1;
  rig.send(over);
  for (const act of story) {
    if (act.do === 'copy') rig.send({ ...over, attempt: (copies += 1) });
    else if (act.do === 'deliver') await rig.deliver();
    else if (act.do === 'advance') rig.clock.advance(act.seconds * 1_000);
    else losing = act.do === 'lose-answers';
  }
  losing = false;
  for (let rounds = 0; rig.queue.size > 0 && rounds < 200; rounds += 1) {
    rig.clock.advanceTo(Math.max(rig.clock.now(), rig.queue.nextVisibleAt() ?? 0));
    await rig.deliver();
  }
  return { starts: startedAt.length, startedAt, rig };
}

test('a handler that never answers runs exactly as often as its attempts allow, regardless of copies and lost answers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 6 }), acts, async (attempts, story) => {
      const { starts, rig } = await live('throws', attempts, story);
      expect(starts).toBe(attempts);
      expect(rig.queue.size).toBe(0);
      expect(rig.deadLetter.size).toBe(0);
      expect(new Set(rig.outcomes())).toEqual(new Set(['unknown']));
      for (const reply of rig.replies) {
        expect(reply).toMatchObject({ attempts, data: { type: 'TypeError', message: 'no route to the gateway', data: null } });
      }
    }),
    { numRuns: runsOf(2_000) },
  );
});

test('a command whose runs all throw notDone ends with one recorded failure that never changes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 6 }), acts, async (attempts, story) => {
      const { starts, rig } = await live('not-done', attempts, story);
      expect(starts).toBe(attempts);
      expect(new Set(rig.replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
      expect(rig.replies[0]).toMatchObject({ outcome: 'failed', retryable: true, attempts, data: { type: 'NOT_DONE' } });
      expect(await rig.record()).toMatchObject({ state: 'FAILED' });
    }),
    { numRuns: runsOf(1_000) },
  );
});

test('copies of a command add no runs to those of a failing handler', async () => {
  const runsOf = async (copyEachSeconds: number): Promise<number> => {
    let runs = 0;
    const rig = new ServiceRig(
      servePayments(async () => {
        runs += 1;
        throw new TypeError('down');
      }),
    );
    rig.send();
    for (let second = 0; second < 3_600; second += 1) {
      if (second % copyEachSeconds === copyEachSeconds - 1) rig.send({ attempt: 2 });
      await rig.deliver();
      rig.clock.advanceTo(START + (second + 1) * 1_000);
    }
    return runs;
  };
  const [many, few, none] = [await runsOf(10), await runsOf(60), await runsOf(10_000)];
  expect(many).toBeLessThan(none * 1.5);
  expect(few).toBeLessThan(none * 1.5);
  expect(none).toBeGreaterThan(15);
});
