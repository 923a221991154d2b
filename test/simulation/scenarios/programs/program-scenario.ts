import type { Duration } from 'tutti';
import type { Json } from '../../../../lib/contract/wire/json.ts';
import type { Choices } from '../../world/choices.ts';
import type { Act, Expectation, ScenarioMaker } from '../scenario.ts';
import { generateProgram } from './generate.ts';
import { judgeProgram } from './judge-program.ts';
import { judgeTally } from './judge-tally.ts';
import { MemoryDatabase } from './memory-database.ts';
import type { Each, Program, SignalName, WaitForSignal } from './program.ts';
import { SIGNAL_NAMES } from './program.ts';
import { buildsOf } from './run-program.ts';
import { Outside, servedAt } from './services.ts';

const MINUTE_MS = 60_000;
const SPANS_MS = [20 * MINUTE_MS, 3 * 60 * MINUTE_MS, 24 * 60 * MINUTE_MS] as const;
const SOURCE = 'programs';

/** Random programs and counters that use the same services at the same time. */
export const programScenario: ScenarioMaker = (choices) => {
  const outside = new Outside(new MemoryDatabase());
  const instances = choices.chance(0.03) ? choices.between(5, 20) : choices.between(1, 2);
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  for (let number = 1; number <= instances; number += 1) {
    const made = choices.chance(0.15) ? tallied(choices, `t${number}`) : programmed(choices, `p${number}`);
    acts.push(...made.acts);
    expectations.set(made.pid, made.expectation);
  }
  // No instance has this id, so no process reads the event.
  if (choices.chance(0.1)) acts.push(publish(choices.below(SPANS_MS[0]), 'programs.nudge', 'lost', { id: 'nobody', text: 'lost' }));
  // Some systems have a deadline for the whole process, and some programs reach it.
  const builds = buildsOf(outside, choices.chance(0.1) ? choices.one<Duration>(['1 hour', '10 minutes', '1 day']) : undefined);
  const steps = acts.some((act) => 'data' in act && JSON.stringify(act.data).includes('"kind":"run"'));
  return { name: 'programs', builds, ...(steps && { steps }), serve: (site) => servedAt(site, outside), acts, expectations };
};

interface Instance {
  readonly pid: string;
  readonly acts: readonly Act[];
  readonly expectation: Expectation;
}

const publish = (atMs: number, type: string, id: string, data: Json): Act => ({ kind: 'publish', atMs, source: SOURCE, type, id, data });

const programmed = (choices: Choices, id: string): Instance => {
  const program = generateProgram(choices);
  const pid = `default#run-program#${id}`;
  const span = choices.one(SPANS_MS);
  const startMs = choices.below(span / 2);
  const start = starts(choices, id, program, startMs);
  const signals = SIGNAL_NAMES.flatMap((signal) => signalled(choices, id, signal, waitsFor(program, signal), startMs, span));
  const operated = isMisuse(program) ? [] : operations(choices, pid, startMs, span);
  return {
    pid,
    acts: [...start, ...signals, ...operated],
    expectation: {
      starts: [`${id}-start`],
      events: [...new Set(signals.map((act) => ('id' in act ? act.id : '')))],
      optsOut: JSON.stringify(program).includes('"undo":false'),
      ...(!isMisuse(program) && { sound: true as const }),
      operated: operated.flatMap((act) => (act.kind === 'operate' ? [act.act] : [])),
      judge: (run) => judgeProgram(program, run),
    },
  };
};

/** Such a program stays stuck, and a cancel would wait with it. */
const isMisuse = (program: Program): boolean => program.some(({ kind }) => kind === 'again' || kind === 'spin');

/** Nearly a third of the producers send the start twice. */
const starts = (choices: Choices, id: string, program: Program, atMs: number): Act[] => {
  const note = choices.chance(0.05) ? 'n'.repeat(20_000) : '';
  const data = { id, program: program as unknown as Json, note };
  const asked = choices.chance(0.2);
  const startid = `${id}-start`;
  const one = (at: number): Act =>
    asked ? { kind: 'start', atMs: at, process: 'run-program', id, startid, data } : publish(at, 'programs.started', startid, data);
  return choices.chance(0.3) ? [one(atMs), one(atMs + choices.below(10 * MINUTE_MS))] : [one(atMs)];
};

/** The maximum number of times that a program can read this signal. */
const waitsFor = (program: unknown, signal: SignalName): number => {
  if (typeof program !== 'object' || program === null) return 0;
  const self = readsOf(program, signal);
  return Object.values(program).reduce((sum: number, each) => sum + waitsFor(each, signal), self);
};

const readsOf = (step: Partial<WaitForSignal | Each>, signal: SignalName): number => {
  if (step.kind === 'wait') return step.signal === signal ? 1 : 0;
  return step.kind === 'each' && step.signals?.includes(signal) ? (step.takes ?? 0) : 0;
};

/**
 * As many signals as the program can read, so that no wait is endless, and sometimes one more. A few come before the start, a few twice.
 */
const signalled = (choices: Choices, id: string, signal: SignalName, waits: number, startMs: number, span: number): Act[] =>
  Array.from({ length: waits + (choices.chance(0.2) ? 1 : 0) }, (_each, index) => {
    const text = `${id}-${signal}-${index + 1}`;
    const atMs = choices.chance(0.2) ? choices.below(startMs) : startMs + choices.below(span / 2);
    const act = publish(atMs, `programs.${signal}`, text, { id, text });
    return choices.chance(0.15) ? [act, { ...act, atMs: atMs + choices.below(30 * MINUTE_MS) }] : [act];
  }).flat();

const operations = (choices: Choices, pid: string, startMs: number, span: number): Act[] => {
  if (!choices.chance(0.25)) return [];
  const atMs = startMs + choices.below(choices.chance(0.7) ? 10 * MINUTE_MS : span / 2);
  return [{ kind: 'operate', atMs, pid, opid: `${pid}-operated`, act: choices.chance(0.15) ? 'terminate' : 'cancel' }];
};

const tallied = (choices: Choices, id: string): Instance => {
  const span = choices.one(SPANS_MS);
  const texts = Array.from({ length: choices.between(1, 15) }, (_each, index) => `${id}-counted-${index + 1}`);
  const acts = texts.flatMap((text) => {
    const act = publish(choices.below(span), 'programs.counted', text, { id, text });
    return choices.chance(0.2) ? [act, { ...act, atMs: act.atMs + choices.below(30 * MINUTE_MS) }] : [act];
  });
  return {
    pid: `default#tally#${id}`,
    acts,
    // The first event to arrive starts the instance. The judge checks that each was counted.
    expectation: { starts: texts, events: [], operated: [], judge: (run) => judgeTally(texts, run) },
  };
};
