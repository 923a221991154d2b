import type { Duration } from '../../../../lib/contract/duration.ts';
import { steps } from '../../../../lib/contract/steps.ts';
import { identityOf } from '../../../../lib/core/identity.ts';
import type { JournalEntry } from '../../../../lib/core/journal-entry.ts';
import { sha256 } from '../../../../lib/format/inbox-message.ts';
import { simulate } from '../../../../lib/testing/simulate.ts';
import type { Effect, EndedRun, Site } from '../scenario.ts';
import { Go, Nudge, services, Started, Stop, stock } from './contracts.ts';
import { MemoryDatabase } from './memory-database.ts';
import type { Program, SignalName } from './program.ts';
import { buildsOf, runProgram } from './run-program.ts';
import { Outside, servedAt } from './services.ts';

const SIGNALS = { go: Go, stop: Stop, nudge: Nudge } as const;
const ID = 'p1';

/** A signal or an act of an operator while a program runs, and the time before it. */
export interface Happening {
  readonly after: Duration;
  readonly signal?: SignalName;
  readonly cancel?: true;
  readonly terminate?: true;
}

/** Runs one program without faults. */
export const inFairWeather = async (program: Program, happenings: readonly Happening[] = [], build: 0 | 1 = 0): Promise<EndedRun> => {
  const effects = new Map<string, Effect>();
  const answers: (() => Promise<void>)[] = [];
  const site: Site = {
    effect: (effect) => !effects.has(effect.commandId) && effects.set(effect.commandId, effect) !== undefined,
    pass: async () => undefined,
    clock: { now: () => 0, sleep: async () => undefined },
    answerLater: (_afterMs, token, answer) => {
      if (answer.kind === 'complete')
        answers.push(() => world.client.complete(stock.ask, token, answer.output as { label: string; by: string }));
    },
  };
  const outside = new Outside(new MemoryDatabase(), site);
  const world = simulate(buildsOf(outside)[build], { services: servedAt(site, outside) });
  for (const { act, ask, unact, tell, dare } of services)
    for (const stumbles of [act, ask, unact, tell, dare, steps.run, steps.undo]) world.expectFaults(stumbles);
  await world.client.publish(Started, { id: ID, program: JSON.parse(JSON.stringify(program)), note: '' });
  await world.settle();
  for (const [index, { after, signal, cancel, terminate }] of happenings.entries()) {
    await world.advance(after);
    if (signal) await world.client.publish(SIGNALS[signal], { id: ID, text: `e${index}` }, { id: `e${index}` });
    if (cancel) await world.client.cancel(runProgram, ID, 'tested');
    if (terminate) await world.client.terminate(runProgram, ID, 'tested');
    await world.settle();
  }
  for (const answer of answers) await answer();
  await world.advance('2 days');
  return endedRun(world.journal(runProgram, ID) as unknown as readonly JournalEntry[], [...effects.values()]);
};

const STATUS = {
  ProcessCompleted: 'completed',
  ProcessFailed: 'failed',
  ProcessCancelled: 'cancelled',
  ProcessTerminated: 'terminated',
} as const;

/** The run as the auditor derives it from a journal and the effects. */
export const endedRun = (entries: readonly JournalEntry[], effects: readonly Effect[]): EndedRun => {
  const [started] = entries;
  const pid = `default#run-program#${ID}`;
  const last = entries.find(({ type }) => type in STATUS);
  const undone = new Set(effects.map(({ undoes }) => undoes));
  return {
    pid,
    run: started?.type === 'ProcessStarted' ? identityOf(sha256, { pid, event: started.event, id: started.id }) : '',
    status: last === undefined ? 'running' : STATUS[last.type as keyof typeof STATUS],
    entries,
    effects,
    standing: effects.filter(({ commandId, undoes }) => undoes === undefined && !undone.has(commandId)),
    disturbed: false,
    ...(last?.type === 'ProcessCompleted' && { result: last.data ?? null }),
  };
};
