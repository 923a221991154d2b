import { ContractError } from '../../contract/errors.ts';
import type { ScheduleTimes } from '../../contract/schedule.ts';
import type { Reach } from '../connection.ts';
import {
  actOnSchedule,
  backfillSchedule,
  createSchedule,
  describeSchedule,
  listSchedules,
  type CreatedSchedule,
  type ScheduleDescription,
} from '../schedules.ts';
import type { AnyProcess } from '../../contract/process-contract.ts';
import type { ListedSchedule, ScheduleRequest } from './operations.ts';

/** `tutti schedules`: one request for each of its commands. */
export async function scheduleOperation(
  reach: Reach,
  request: ScheduleRequest,
  processNamed: (name: string) => AnyProcess,
): Promise<{ schedules: readonly ListedSchedule[] }> {
  const { name, act } = request;
  if (name === undefined) {
    const schedules: ListedSchedule[] = [];
    for await (const each of listSchedules(reach)) schedules.push(inTexts(each));
    return { schedules };
  }
  if (act !== undefined) await perform(reach, name, { ...request, act }, processNamed);
  return { schedules: [inTexts(await describeSchedule(reach, name))] };
}

async function perform(
  reach: Reach,
  name: string,
  request: ScheduleRequest & { readonly act: NonNullable<ScheduleRequest['act']> },
  processNamed: (name: string) => AnyProcess,
): Promise<void> {
  const { act, reason, overlap, from, to, process, input, times } = request;
  switch (act) {
    case 'create': {
      if (process === undefined || times === undefined)
        throw new ContractError('DATA_INVALID', `The schedule ${name} was created without its process or its times: expected both.`);
      const created = { process: processNamed(process), input, ...(times satisfies ScheduleTimes) };
      return createSchedule(reach, name, created as CreatedSchedule<never>, reason);
    }
    case 'backfill':
      return backfillSchedule(reach, name, { from: from ?? '', to: to ?? '', ...(reason && { reason }), ...(overlap && { overlap }) });
    default:
      return actOnSchedule(reach, name, { act, reason: reason ?? `${act} by the command line`, ...(overlap && { overlap }) });
  }
}

/** Dates become ISO texts, as JSON writes them. */
function inTexts(description: ScheduleDescription): ListedSchedule {
  return JSON.parse(JSON.stringify(description)) as ListedSchedule;
}
