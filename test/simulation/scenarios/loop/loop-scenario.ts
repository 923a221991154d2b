import { serve, type Served } from 'tutti/service';
import { identityOf } from '../../../../lib/core/identity.ts';
import { sha256 } from '../../../../lib/format/inbox-message.ts';
import type { Choices } from '../../world/choices.ts';
import type { Act, EndedRun, Expectation, Scenario, Site } from '../scenario.ts';
import { miller, mills, PACES, type Pace, turnId, TURNS_MAX } from './loop-system.ts';

const MINUTE_MS = 60_000;
/** An event with more hops than this starts no instance. */
const HOPS_MAX = 100;
const TENANTS = ['default', 'upstream'] as const;

/** Wheels whose every turn starts the next, until the limit of hops stops them. Two tenants may have wheels of the same name. */
export const loopScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  for (let count = choices.between(1, 2), i = 1; i <= count; i += 1) {
    const pace = choices.one(PACES);
    for (const tenant of choices.chance(0.3) ? TENANTS : TENANTS.slice(0, 1)) turn(`w${i}`, tenant, pace, choices, acts, expectations);
  }
  return { name: 'loop', builds: [mills], serve: served, acts, expectations };
};

/** The state of a wheel while its turns are judged, in order from the first. */
interface Wheel {
  readonly pace: Pace;
  /** Hops of the event that started the first turn. */
  readonly hops: number;
  /** An operator resumed one of its turns. An operator's act has no cause on the bus, so the count of hops starts again. */
  begunAnew: boolean;
}

const turn = (name: string, tenant: string, pace: Pace, choices: Choices, acts: Act[], expectations: Map<string, Expectation>): void => {
  const wheel: Wheel = { pace, hops: HOPS_MAX - choices.below(TURNS_MAX - 1), begunAnew: false };
  const id = `${name}-first`;
  const data = { wheel: name, turn: 0, pace };
  const act = {
    kind: 'publish',
    source: 'mill',
    type: 'mill.turn',
    id,
    data,
    hops: wheel.hops,
    ...(tenant !== 'default' && { tenant }),
  } as const;
  acts.push({ ...act, atMs: choices.below(5 * MINUTE_MS) });
  if (choices.chance(0.4)) acts.push({ ...act, atMs: choices.below(20 * MINUTE_MS) });
  let start = id;
  for (let i = 0; i <= TURNS_MAX; i += 1) {
    const pid = `${tenant}#mill#${turnId(name, i)}`;
    const begun = i > 0 && ({ begunByAnother: true } as const);
    expectations.set(pid, { starts: [start], events: [], ...begun, operated: [], judge: (run) => judge(run, i, wheel) });
    start = `${pid}/${identityOf(sha256, { pid, event: 'mill.turn', id: start })}/${pace === 'runs' ? 1 : 2}`;
    // The limit of hops stops this turn already, so the turns after it need no expectation.
    if (pace !== 'rests' && wheel.hops + i > HOPS_MAX) break;
  }
};

/** I13: the turn was started by an event within the limit of hops, and has ended. */
const judge = ({ pid, status, entries }: EndedRun, i: number, wheel: Wheel): string[] => {
  const counts = wheel.pace !== 'rests' && !wheel.begunAnew;
  wheel.begunAnew ||= entries.some(({ type }) => type === 'Resumed');
  if (counts && wheel.hops + i > HOPS_MAX) return [`I13: ${pid} was started by an event with ${wheel.hops + i} hops`];
  // A command that spent days in the dead-letter queue is given up. Its answer has the outcome `cancelled`.
  const isGivenUp = entries.some((entry) => entry.type === 'CommandAnswered' && entry.outcome === 'cancelled');
  if (status === 'failed' && !isGivenUp) return [`${pid} has failed, although no step of it can fail`];
  const isLast = i === TURNS_MAX;
  const goesOn = entries.some(({ type }) => type === 'EventPublished');
  return status === 'completed' && goesOn === isLast ? [`${pid} has ${goesOn ? '' : 'not '}published the next turn`] : [];
};

const served = (site: Site): readonly Served[] => [
  serve(miller, {
    grind: async (turning, { commandId }) => {
      await site.pass();
      site.effect({ commandId, command: 'miller.grind', input: turning });
      await site.pass();
    },
  }),
];
