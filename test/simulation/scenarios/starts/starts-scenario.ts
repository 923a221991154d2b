import { serve, type Served } from 'tutti/service';
import { gatePid } from '../../../../lib/contract/gate.ts';
import { identityOf } from '../../../../lib/core/identity.ts';
import { sha256 } from '../../../../lib/format/inbox-message.ts';
import type { Choices } from '../../world/choices.ts';
import type { Act, Expectation, Scenario, Site } from '../scenario.ts';
import { PRINT_MINUTES, printing, trays } from './starts-system.ts';

const MINUTE_MS = 60_000;
const PAGES_MAX = 5;

const TYPES = {
  queued: 'print.wanted',
  replaced: 'print.replacing',
  limited: 'print.scanned',
  settled: 'print.edited',
  filed: 'print.filed',
} as const;

/** Starts that wait for the end of an open instance or replace it, or that come to a gate, beside their duplicates, cancels and terminates. */
export const startsScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  const expects = (pid: string, expectation: Partial<Expectation>): void =>
    void expectations.set(pid, { starts: [], events: [], operated: [], sound: true, judge: () => [], ...expectation });
  for (let count = choices.between(1, 3), i = 1; i <= count; i += 1) {
    const id = `p${i}`;
    const process = choices.one(['queued', 'replaced', 'limited', 'settled', 'filed'] as const);
    const pages = Array.from({ length: choices.between(2, PAGES_MAX) }, (_, page) => `${id}-${page}`);
    const spanMs = choices.chance(0.5) ? 5_000 : pages.length * PRINT_MINUTES * MINUTE_MS;
    for (const page of pages) {
      const act = {
        kind: 'publish',
        atMs: choices.below(spanMs),
        source: 'print',
        type: TYPES[process],
        id: page,
        data: { id, page },
      } as const;
      acts.push(act);
      if (choices.chance(0.3)) acts.push({ ...act, atMs: act.atMs + choices.below(spanMs), happenedMs: act.atMs });
    }
    const isOne = process === 'queued' || process === 'replaced';
    const operates = (pid: string): ('cancel' | 'terminate')[] => {
      if (!choices.chance(0.2)) return [];
      const act = choices.one(['cancel', 'terminate'] as const);
      acts.push({ kind: 'operate', atMs: choices.below(spanMs), pid, opid: `${pid}-${act}`, act });
      return [act];
    };
    if (isOne) expects(`default#${process}#${id}`, { starts: pages, operated: operates(`default#${process}#${id}`) });
    else
      expects(
        gatePid((of) => identityOf(sha256, of), 'default', { process, key: id }),
        { starts: pages },
      );
    // The gate may have lost the start, if its table was restored.
    if (process === 'limited')
      for (const page of pages)
        expects(`default#limited#${page}`, { starts: [page], operated: operates(`default#limited#${page}`), begunByAnother: true });
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
