import { describe, expect, test } from 'vitest';
import { Terminal } from '../../../bin/terminal.ts';
import { STEPS_MAX } from '../world/outcome.ts';
import { failedResult, type SeedTask } from '../runner/seed-task.ts';
import { huntPlanted } from './hunt-planted.ts';
import { hunt, type Runner } from './hunt.ts';

const BUG = { name: 'NO_RESEND' };

/** A runner whose seeds show the planted bug after these steps. Without the bug, only the guilty seeds fail. */
class FakeRunner implements Runner {
  readonly ran: number[] = [];
  readonly #steps: ReadonlyMap<number, number>;
  readonly #guilty: ReadonlySet<number>;

  constructor(steps: ReadonlyMap<number, number>, guilty: readonly number[] = []) {
    this.#steps = steps;
    this.#guilty = new Set(guilty);
  }

  async run(tasks: Iterable<SeedTask>, onResult: Parameters<Runner['run']>[1]): Promise<void> {
    for (const task of tasks) {
      this.ran.push(task.seed);
      const steps = this.#steps.get(task.seed);
      const fails = steps !== undefined && (task.planted !== undefined || this.#guilty.has(task.seed));
      onResult({ ...failedResult(task, ''), violations: fails ? ['I2: it was never sent'] : [], steps: steps ?? 100 });
    }
  }
}

describe('the hunt for a planted bug', () => {
  test('takes the lowest seed that shows the bug and holds without it', async () => {
    const steps = new Map([
      [3, 50],
      [5, 70],
      [7, 60],
    ]);
    expect(await hunt(new FakeRunner(steps, [3]), BUG, 10)).toMatchObject({ seed: 5, steps: 70, invariant: 'I2' });
  });

  test('prefers a seed whose world comes to rest to a lower seed whose world does not', async () => {
    const steps = new Map([
      [3, STEPS_MAX],
      [9, STEPS_MAX],
      [120, 80],
    ]);
    expect(await hunt(new FakeRunner(steps), BUG, 2_000)).toMatchObject({ seed: 120, steps: 80 });
  });

  test('takes the lowest seed whose world never comes to rest if the next two hundred seeds show the bug in no other way', async () => {
    const runner = new FakeRunner(
      new Map([
        [3, STEPS_MAX],
        [9, STEPS_MAX],
        [900, 80],
      ]),
    );
    expect(await hunt(runner, BUG, 2_000)).toMatchObject({ seed: 3, steps: STEPS_MAX });
    expect(Math.max(...runner.ran)).toBe(203);
  });

  test('ends each world with the bug at its first violation', async () => {
    const asked: SeedTask[] = [];
    await hunt({ run: async (tasks) => void asked.push(...tasks) }, BUG, 2);
    expect(asked).toEqual([1, 2].map((seed) => ({ seed, planted: 'NO_RESEND', endsAtViolation: true })));
  });
});

test('a stale table is reported with the command that renews it, each on a line of its own', async () => {
  let printed = '';
  const stream = { write: (text: string) => (printed += text) } as unknown as NodeJS.WriteStream;
  const terminal = new Terminal(stream, stream, {});
  const held = await huntPlanted(new FakeRunner(new Map([[2, 50]])), terminal, { planted: 'NO_RESEND', seeds: 5 });
  expect(held).toBe(false);
  expect(printed.split('\n').slice(-3)).toEqual([
    'test/simulation/planted/table.json is stale: NO_RESEND.',
    '  npm run simulate -- --planted NO_RESEND --write',
    '',
  ]);
});
