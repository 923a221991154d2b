import { serve, type Served } from 'tutti/service';
import type { Choices } from '../../world/choices.ts';
import type { Act, EndedRun, Expectation, Scenario, Site } from '../scenario.ts';
import { limitsSystem, type DrawnLimits, type Question } from './limits-system.ts';

// A consumer loads them at its first limit. The first world would wait for the disk then, and a second one would not.
await Promise.all([
  import('../../../../lib/service/consumer/limits/admit-run.ts'),
  import('../../../../lib/service/consumer/limits/limiter.ts'),
]);

const MINUTE_MS = 60_000;

/** Commands that wait for the rate and the concurrency of their account, beside retries, pauses of a key, cancels and workers that die. */
export const limitsScenario = (choices: Choices): Scenario => {
  const limits = drawnLimits(choices);
  const { bureau, bureaus } = limitsSystem(limits);
  const spanMs = choices.one([1_000, 30_000, 5 * MINUTE_MS]);
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  for (let count = choices.between(2, 7), i = 1; i <= count; i += 1) {
    const id = `q${i}`;
    const pid = `default#asked#${id}`;
    const way = choices.one<Question['way']>(['answers', 'answers', 'fails-once', 'is-busy-once', 'thinks']);
    const question: Question = { id, account: choices.chance(0.8) ? 'a' : 'b', way };
    const atMs = choices.below(spanMs);
    acts.push({ kind: 'publish', source: 'bureau', type: 'bureau.asked', id: `${id}-asked`, data: question, atMs });
    const cancelled = choices.chance(0.2);
    if (cancelled)
      acts.push({
        kind: 'operate',
        pid,
        opid: `${id}-cancel`,
        act: 'cancel',
        atMs: atMs + choices.below(choices.one([1, 10]) * MINUTE_MS),
      });
    expectations.set(pid, {
      starts: [`${id}-asked`],
      events: [],
      operated: cancelled ? ['cancel'] : [],
      sound: true,
      judge: (run) => judged(run, id, cancelled),
    });
  }
  return { name: 'limits', builds: [bureaus], serve: (site) => [servedAt(site, bureau)], acts, expectations };
};

const drawnLimits = (choices: Choices): DrawnLimits => {
  const rate = choices.one(['1 per minute', '2 per minute', '3 per second'] as const);
  const concurrency = choices.between(1, 2);
  return choices.one<DrawnLimits>([{ rate }, { concurrency }, { rate, concurrency }]);
};

/** A command that waits for its limits is dropped by a cancel, and never by time: its policy lasts for days. */
const judged = ({ status, result, standing }: EndedRun, id: string, cancelled: boolean): string[] => {
  if (status === 'completed') {
    const wrong = result === id ? [] : [`it completed with ${JSON.stringify(result)}`];
    return standing.length === 1 ? wrong : [...wrong, `it completed, and ${standing.length} effects stand`];
  }
  return cancelled ? [] : [`it ended as ${status}, though its command only had to wait`];
};

interface Task {
  readonly commandId: string;
  readonly undoes?: string;
  retryAfter(delay: '1 minute', reason: string, options: { readonly key: true }): Error;
}

const servedAt = (site: Site, bureau: ReturnType<typeof limitsSystem>['bureau']): Served => {
  const tried = new Set<string>();
  const does = async (name: string, input: Question, { commandId, undoes }: Task): Promise<void> => {
    await site.pass();
    site.effect({ commandId, command: `bureau.${name}`, input, ...(undoes !== undefined && { undoes }) });
    await site.pass();
  };
  return serve(bureau, {
    look: async (question, task) => {
      await site.pass();
      if (!tried.has(task.commandId)) {
        tried.add(task.commandId);
        if (question.way === 'fails-once') throw new Error('The bureau is down.');
        if (question.way === 'is-busy-once') throw task.retryAfter('1 minute', 'The bureau is busy.', { key: true });
      }
      if (question.way === 'thinks') await site.clock.sleep(MINUTE_MS / 2, task.signal);
      await does('look', question, task);
    },
    drop: async (question, task) => does('drop', question, task),
  });
};
