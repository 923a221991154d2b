import { serve, type Served } from 'tutti/service';
import type { System } from '../../../../lib/contract/system.ts';
import { occurrenceId, listedId, specHash } from '../../../../lib/contract/schedule-instance.ts';
import { type ScheduleTimes, scheduleSpec } from '../../../../lib/contract/schedule.ts';
import { canonical } from '../../../../lib/contract/wire/json.ts';
import { sha256 } from '../../../../lib/format/inbox-message.ts';
import type { Choices } from '../../world/choices.ts';
import { wrongAnswers } from '../children/children-scenario.ts';
import { START, type Act, type EndedRun, type Expectation, type Scenario, type Site } from '../scenario.ts';
import { judgeSchedule, type Timetable } from './judge-schedule.ts';
import { LISTED, officeOf, press } from './schedules-system.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SPAN_MS = 5 * HOUR_MS;
/** No clock of a world is more than an hour wrong. */
const TIMES_MS = SPAN_MS + 3 * HOUR_MS;
const OVERLAPS = ['skip', 'queue-one', 'queue-all', 'cancel', 'allow'] as const;
const CLIENTS = 'asked';
const CLIENT_TIMES = [
  { cron: '*/20 * * * *', minutesOfHour: [0, 20, 40] },
  { cron: '5,35 * * * *', minutesOfHour: [5, 35] },
] as const;

type Times = Pick<ScheduleTimes, 'overlap' | 'catchUp'> & { readonly cron: string };

/**
 * A schedule that the code lists, changes and drops again in later builds, and one that a client creates, with all acts on both. Their
 * reports take longer than the time between two of them, so that overlaps count. No time is started twice or passed over.
 */
export const schedulesScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const ends = new Map<string, EndedRun>();
  const prints: string[] = [];
  const minutes = choices.one([10, 90, 150]);
  const builds = buildsOf(choices, minutes);
  const listed = builds.flatMap(({ times }) => (times ? [times] : []));
  for (const [i] of builds.slice(1).entries()) acts.push({ kind: 'deploy', atMs: SPAN_MS - (builds.length - 2 - i) * 2 * HOUR_MS });
  const schedules = new Map<string, Expectation>();
  const judgesTimes = (timetable: Timetable) => (run: EndedRun) => [...judgeSchedule(run, timetable), ...wrongAnswers(run, ends)];
  const pid = `default#tutti--schedule#${LISTED}`;
  schedules.set(pid, {
    starts: listed.map((times) => listedId(specHash(sha256, canonical, specOf(LISTED, times)))),
    events: [...pauses(LISTED, choices, acts), ...deletes(choices, acts)],
    operated: [],
    judge: judgesTimes({ overlap: listed.some(({ overlap }) => overlap === 'allow') ? 'allow' : 'skip' }),
  });
  const reports = new Map<string, Expectation>();
  const expectsReports = (name: string, minutesOfHour: readonly number[]): void => {
    for (let hour = START; hour <= START + TIMES_MS; hour += HOUR_MS)
      for (const minute of minutesOfHour) {
        const report = `default#report#${occurrenceId(name, localOf(hour + minute * MINUTE_MS), 'UTC')}`;
        const judge = (run: EndedRun): string[] => judgeReport(run, ends, prints);
        reports.set(report, { starts: [], events: [], begunByAnother: true, operated: [], sound: true, judge });
      }
  };
  expectsReports(LISTED, [0, 30]);
  if (choices.chance(0.6)) {
    const { cron, minutesOfHour } = choices.one(CLIENT_TIMES);
    const { defined, events } = createdByClient({ cron, overlap: choices.one(OVERLAPS) }, minutes, choices, acts);
    schedules.set(`default#tutti--schedule#${CLIENTS}`, {
      starts: [defined],
      events,
      operated: [],
      judge: judgesTimes({ overlap: 'allow', minutesOfHour }),
    });
    expectsReports(CLIENTS, minutesOfHour);
  }
  // The judge of a schedule reads the ends of its reports.
  return {
    name: 'schedules',
    builds: builds.map(({ build }) => build),
    serve: (site) => served(site, prints),
    acts,
    expectations: new Map([...reports, ...schedules]),
  };
};

/** The last build lists no schedule. One before it may list other times. */
const buildsOf = (choices: Choices, minutes: number): { readonly build: System<string>; readonly times?: Times }[] => {
  const timesOf = (cron: string): Times => ({ cron, overlap: choices.one(OVERLAPS), catchUp: choices.one(['latest', 'all', 'none']) });
  const listed = [timesOf('0 * * * *'), ...(choices.chance(0.4) ? [timesOf('30 * * * *')] : [])];
  const last = { build: officeOf(minutes) };
  return [...listed.map((times) => ({ build: officeOf(minutes, times), times })), last];
};

const specOf = (name: string, times: Times) => scheduleSpec(name, 'report', { zone: 'UTC', ...times });

/** The nominal time of an instant in UTC. */
const localOf = (at: number): string => new Date(at).toISOString().slice(0, 16);

/** Pauses a schedule for a while, at times, and resumes it. Returns the ids of the acts. */
const pauses = (name: string, choices: Choices, acts: Act[]): string[] => {
  if (choices.chance(0.6)) return [];
  const atMs = choices.below(SPAN_MS);
  const [pause, resume] = [`${name}-pause`, `${name}-resume`];
  acts.push({ kind: 'schedule', atMs, name, act: 'pause', opid: pause });
  acts.push({ kind: 'schedule', atMs: atMs + choices.below(2 * HOUR_MS), name, act: 'resume', opid: resume });
  return [pause, resume];
};

/** A client deletes the schedule that the code lists: the next listing begins it again. */
const deletes = (choices: Choices, acts: Act[]): string[] => {
  if (choices.chance(0.7)) return [];
  const opid = `${LISTED}-delete`;
  acts.push({ kind: 'schedule', atMs: choices.below(SPAN_MS), name: LISTED, act: 'delete', opid });
  return [opid];
};

const createdByClient = (
  times: Times,
  minutes: number,
  choices: Choices,
  acts: Act[],
): { readonly defined: string; readonly events: readonly string[] } => {
  const atMs = choices.below(HOUR_MS);
  const defined = `${CLIENTS}-defined`;
  const spec = { ...specOf(CLIENTS, times), input: { id: CLIENTS, minutes } };
  const act = (kind: Extract<Act, { kind: 'schedule' }>['act'], afterMs: number, more: object = {}): string => {
    const opid = `${CLIENTS}-${kind}-${acts.length}`;
    acts.push({ kind: 'schedule', atMs: atMs + afterMs, name: CLIENTS, act: kind, opid, ...more });
    return opid;
  };
  acts.push({ kind: 'schedule', atMs, name: CLIENTS, act: 'define', opid: defined, spec });
  const events = pauses(CLIENTS, choices, acts);
  if (choices.chance(0.5)) events.push(act('trigger', choices.below(SPAN_MS)));
  if (choices.chance(0.3))
    events.push(
      act('backfill', choices.below(SPAN_MS), {
        from: START - HOUR_MS,
        to: START + choices.below(HOUR_MS),
        overlap: choices.one(OVERLAPS),
      }),
    );
  events.push(act('delete', SPAN_MS));
  return { defined, events };
};

/** A time is printed once, however often it was asked for. */
const judgeReport = (run: EndedRun, ends: Map<string, EndedRun>, prints: readonly string[]): string[] => {
  ends.set(run.pid, run);
  const printed = prints.filter((pid) => pid === run.pid).length;
  return printed > 1 ? [`I7: ${run.pid} was printed ${printed} times`] : [];
};

const served = (site: Site, prints: string[]): readonly Served[] => [
  serve(press, {
    print: async (input, { commandId }) => {
      await site.pass();
      if (site.effect({ commandId, command: 'press.print', input })) prints.push(commandId.slice(0, commandId.indexOf('/')));
      await site.pass();
    },
  }),
];
