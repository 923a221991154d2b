import type { Choices } from '../../world/choices.ts';
import type { Act, EndedRun, Expectation, Scenario } from '../scenario.ts';
import { deskAt } from './desk.ts';
import { type Errand, type Verb, VERBS, worklists } from './worklist-system.ts';
import { type Plan, type Saying, Worklist } from './worklist.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/**
 * A service puts commands with short deadlines on a list, from which people work. People answer early, late, twice or in contradiction.
 * Meanwhile the service fails, is slower than its lease, and takes tasks off the list again.
 */
export const worklistScenario = (choices: Choices): Scenario => {
  const plans = new Map<string, Plan>();
  const list = new Worklist();
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  for (let count = choices.between(1, 3), i = 1; i <= count; i += 1) {
    const id = `p${i}`;
    const errands: Errand[] = [];
    for (let left = choices.between(1, 3); left > 0; left -= 1) {
      const plan = planned(choices, `${id}-${left}`);
      plans.set(plan.errand.label, plan);
      errands.push(plan.errand);
    }
    acts.push({
      kind: 'publish',
      source: 'worklist',
      type: 'worklist.filed',
      id: `${id}-filed`,
      data: { id, errands },
      atMs: choices.below(MINUTE_MS),
    });
    expectations.set(`default#paper#${id}`, {
      starts: [`${id}-filed`],
      events: [],
      operated: [],
      judge: (run) => judge(run, list),
    });
  }
  const learnsMs = choices.chance(0.4) ? choices.between(14, 25) * MINUTE_MS : 0;
  acts.push({ kind: 'deploy', atMs: learnsMs });
  let begun: number | undefined;
  return {
    name: 'worklist',
    builds: worklists,
    serve: (site) => {
      begun ??= site.clock.now();
      return [deskAt(site, plans, list, site.clock.now() - begun < learnsMs)];
    },
    acts,
    expectations,
    services: { workers: choices.one([2, 2, 3]), polls: choices.chance(0.6), receivesMax: 25 },
  };
};

const planned = (choices: Choices, label: string): Plan => {
  const verb = choices.one<Verb>([...VERBS, 'approve', 'sign']);
  const withinSeconds = choices.one([120, 90, 240, 1_200]);
  // Few attempts, since each sends one more message, and all messages wait for one lease.
  const timeoutSeconds = choices.one([60, 60, 200, 600]);
  const raceSeconds = choices.one([0, 0, 50, 80, 130]);
  const endSeconds = raceSeconds === 0 ? withinSeconds : raceSeconds;
  // One worker answers while another, which has taken the command over, still works on it.
  const overtaken = choices.chance(0.3);
  const length = (): number => choices.one([0, 0, 30, 70, 100, 130]);
  const sayings = Array.from({ length: choices.between(0, 3) }, (_, i): Saying => said(choices, endSeconds, i));
  return {
    errand: { label, verb, timeoutSeconds, withinSeconds, raceSeconds },
    stumbles: overtaken ? 0 : choices.one([0, 0, 0, 1, 4, 30]),
    slow: overtaken ? [100, 130, 0] : [length(), length(), 0],
    early: choices.chance(0.5),
    direct: overtaken ? 1 : choices.one([0, 0, 1, 2]),
    cancelStumbles: choices.one([0, 0, 1, 2]),
    cancelSeconds: choices.one([0, 5, 30]),
    sayings,
  };
};

/** An answer early, after some time, or around the deadline. */
const said = (choices: Choices, endSeconds: number, i: number): Saying => {
  const around = endSeconds + choices.between(-20, 60);
  const afterMs = choices.one([around, around, choices.below(10), choices.below(150)]) * SECOND_MS;
  return { afterMs: Math.max(0, afterMs), refuses: choices.chance(0.3), by: `person ${i}` };
};

/** A withdrawn task is off the list, and its answer is `cancelled`. A command of class `once` was begun only once. */
const judge = ({ pid, run, entries }: EndedRun, list: Worklist): string[] =>
  entries.flatMap((entry) => {
    if (entry.type !== 'CommandIssued') return [];
    const id = `${pid}/${run}/${entry.n}`;
    const item = list.items.get(id);
    if (item === undefined) return [];
    const outcomes = entries.flatMap((each) => (each.type === 'CommandAnswered' && each.n === entry.n && !each.late ? [each.outcome] : []));
    const definite = outcomes.find((outcome) => outcome === 'completed' || outcome === 'failed' || outcome === 'cancelled');
    const wrong: string[] = [];
    if (definite === 'cancelled' && item.listed) wrong.push(`I10: ${id} (${entry.command}) was cancelled, and is still on the list`);
    if (item.withdrawn && definite !== undefined && definite !== 'cancelled')
      wrong.push(`I5: ${id} (${entry.command}) was taken off the list, and was answered ${definite}`);
    if (entry.command === 'desk.sign' && item.runs > 1)
      wrong.push(`I4: ${id} (${entry.command}), of class once, was begun ${item.runs} times`);
    return wrong;
  });
