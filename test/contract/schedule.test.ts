import { occurrenceId } from '../../lib/contract/schedule-instance.ts';
import { decider, process, schedule, system, type ScheduleTimes } from 'tutti';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { isElapsed, scheduleContract } from '../../lib/contract/schedule.ts';
import { systemContract } from '../../lib/contract/system.ts';

const report = process('report', { input: z.object({ day: z.string() }) }, async () => {});
const clean = process('clean', {}, async () => {});
const NIGHT = { cron: '30 2 * * *', zone: 'Europe/Paris' } as const;
const input = ({ day }: { readonly day: string }) => ({ day });

describe('a schedule', () => {
  test('has defaults for what its author leaves out', () => {
    expect(scheduleContract(schedule('nightly', { process: report, ...NIGHT, input })).spec).toEqual({
      process: 'report',
      cron: '30 2 * * *',
      zone: 'Europe/Paris',
      overlap: 'skip',
      catchUp: 'latest',
      withinMs: 86_400_000,
      jitterMs: 0,
      gap: 'after',
      fold: 'first',
    });
    expect(scheduleContract(schedule('cleaning', { process: clean, ...NIGHT })).input({} as never)).toBeNull();
  });

  test.each<[Partial<ScheduleTimes>, string]>([
    [{ cron: '30 25 * * *' }, ', whose hour is "25": expected numbers from 0 to 23, with , - / or *'],
    [{ cron: '61 2 * * *' }, ', whose minute is "61"'],
    [{ cron: '*/0 2 * * *' }, ', whose minute is "*/0"'],
    [{ cron: '5/10 2 * * *' }, ', whose minute is "5/10"'],
    [{ cron: '1-2-3 2 * * *' }, ', whose minute is "1-2-3"'],
    [{ cron: '9-3 2 * * *' }, ', whose minute is "9-3"'],
    [{ cron: '1/2/3 2 * * *' }, ', whose minute is "1/2/3"'],
    [{ cron: '0 2 32 * *' }, ', whose day of the month is "32": expected numbers from 1 to 31 or L'],
    [{ cron: '0 2 * FOO *' }, ', whose month is "FOO": expected numbers from 1 to 12 or JAN, FEB'],
    [{ cron: '0 2 * * 8' }, ', whose day of the week is "8"'],
    [{ cron: '@daily' }, 'expected five fields'],
    [{ zone: 'Mars/Base' }, 'has the zone "Mars/Base"'],
    [{ zone: undefined as never }, 'has the zone a value of type undefined'],
    [{ overlap: 'queue' as never }, 'has the overlap "queue": expected skip, queue-one, queue-all, cancel, allow'],
    [{ catchUp: 'last' as never }, 'has the catchUp "last": expected none, latest, all'],
    [{ gap: 'before' as never }, 'has the gap "before"'],
    [{ fold: 'second' as never }, 'has the fold "second"'],
    [{ cron: '*/5 * * * *', gap: 'skip' }, 'has gap and the cron expression "*/5 * * * *"'],
    [{ cron: '30 * * * *', fold: 'both' }, 'leave fold out, it has each elapsed time'],
    [{ within: '6 hour', jitter: 'soon' as never }, 'A duration was "soon"'],
  ])('is refused with %j', (times, message) => {
    expect(() => schedule('nightly', { process: report, ...NIGHT, ...times, input })).toThrow(message);
  });

  test('may use lists, ranges, steps, names and the last day', () => {
    for (const cron of ['0,30 2-4 * * MON-FRI', '0 9 L * *', '*/10 8-18/2 1,15 jan-mar,12 0,7'])
      expect(scheduleContract(schedule('nightly', { process: report, zone: 'UTC', cron, input })).spec.cron).toBe(cron);
  });

  test('starts a process that the system lists, under a name of its own', () => {
    const count = decider('count', { state: z.object({ n: z.int() }), initial: () => ({ n: 0 }) });
    expect(() => schedule('Nightly', { process: report, ...NIGHT, input })).toThrow('has a name that is not kebab-case');
    expect(() => schedule('counting', { process: count, ...NIGHT, input: undefined as never })).toThrow('starts the decider count');
    expect(() => schedule('nightly', { process: report, ...NIGHT, input: {} as never })).toThrow('has an input that is not a function');
    const nightly = schedule('nightly', { process: report, ...NIGHT, input });
    expect(() => system('reports', { processes: [clean], services: [], schedules: [nightly, nightly] })).toThrow(
      'the schedule nightly starts the process report, which the system does not list; the schedule nightly is listed twice',
    );
    expect(systemContract(system('reports', { processes: [report], services: [], schedules: [nightly] })).schedules?.has('nightly')).toBe(
      true,
    );
    expect(systemContract(system('reports', { processes: [report], services: [] })).schedules).toBeUndefined();
  });

  test('follows the elapsed time if its minute or hour has a step or a star', () => {
    expect(['0 2 * * *', '0,30 2-4 * * *', '*/5 2 * * *', '0 * * * *', '0-30/5 2 * * *'].map(isElapsed)).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
    expect(occurrenceId('nightly', '2026-11-29T02:30', 'America/Argentina/Ushuaia')).toBe(
      'nightly@2026-11-29T02:30~America.Argentina.Ushuaia',
    );
  });
});
