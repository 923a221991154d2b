import { serve, type Served } from 'tutti/service';
import type { Choices } from '../../world/choices.ts';
import type { Act, Expectation, Scenario, Site } from '../scenario.ts';
import { PRINT_MINUTES, printing, trays } from './starts-system.ts';

const MINUTE_MS = 60_000;
const PAGES_MAX = 5;

/** Starts that wait for the end of an open instance or replace it, beside their duplicates, cancels and terminates. */
export const startsScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  for (let count = choices.between(1, 3), i = 1; i <= count; i += 1) {
    const id = `p${i}`;
    const [process, type] = choices.chance(0.5) ? (['queued', 'print.wanted'] as const) : (['replaced', 'print.replacing'] as const);
    const pid = `default#${process}#${id}`;
    const pages = Array.from({ length: choices.between(2, PAGES_MAX) }, (_, page) => `${id}-${page}`);
    const spanMs = choices.chance(0.5) ? 5_000 : pages.length * PRINT_MINUTES * MINUTE_MS;
    for (const page of pages) {
      const act = { kind: 'publish', atMs: choices.below(spanMs), source: 'print', type, id: page, data: { id, page } } as const;
      acts.push(act);
      if (choices.chance(0.3)) acts.push({ ...act, atMs: act.atMs + choices.below(spanMs), happenedMs: act.atMs });
    }
    const operated: ('cancel' | 'terminate')[] = [];
    if (choices.chance(0.2)) {
      const act = choices.one(['cancel', 'terminate'] as const);
      acts.push({ kind: 'operate', atMs: choices.below(spanMs), pid, opid: `${id}-${act}`, act });
      operated.push(act);
    }
    expectations.set(pid, { starts: pages, events: [], operated, sound: true, judge: () => [] });
  }
  return { name: 'starts', builds: [printing], serve: served, acts, expectations };
};

const served = (site: Site): readonly Served[] => {
  const doing = (verb: 'load' | 'eject') => async (page: { readonly id: string; readonly page: string }, task: Task) => {
    await site.pass();
    const { commandId, undoes } = task;
    site.effect({ commandId, command: `trays.${verb}`, input: page, ...(undoes !== undefined && { undoes }) });
    await site.pass();
  };
  return [serve(trays, { load: doing('load'), eject: doing('eject') })];
};

interface Task {
  readonly commandId: string;
  readonly undoes?: string;
}
