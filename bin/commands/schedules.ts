import { Option, type Command } from 'commander';
import type { Duration } from '../../lib/contract/duration.ts';
import type { ScheduleTimes } from '../../lib/contract/schedule.ts';
import type { CatchUp, Overlap } from '../../lib/contract/runtime-contract.ts';
import type { ListedSchedule, ScheduleRequest } from '../../lib/client/operations/operations.ts';
import { jsonArgument } from '../arguments.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';

type Act = NonNullable<ScheduleRequest['act']>;

interface ActOptions extends InstanceOptions {
  readonly reason?: string;
  readonly overlap?: Overlap;
  readonly from?: string;
  readonly to?: string;
}

interface CreateOptions extends InstanceOptions {
  readonly process: string;
  readonly cron: string;
  readonly zone: string;
  readonly input?: string;
  readonly reason?: string;
  readonly overlap?: Overlap;
  readonly catchUp?: CatchUp;
  readonly within?: string;
  readonly jitter?: string;
  readonly gap?: 'after' | 'skip';
  readonly fold?: 'first' | 'last' | 'both';
}

const OVERLAPS: readonly Overlap[] = ['skip', 'queue-one', 'queue-all', 'cancel', 'allow'];

/** `tutti schedules`: lists, describes, creates and operates schedules. */
export function addSchedulesCommand(program: Command, invocation: Invocation): void {
  const schedules = program.command('schedules').description('list and operate the recurring starts of processes');
  addInstanceOptions(schedules.command('list', { isDefault: true }))
    .description('list schedules: name, status, process, times, next start, counts')
    .action((options: InstanceOptions) => run(invocation, options, {}));
  addInstanceOptions(schedules.command('describe'))
    .description('print one schedule with its running and waiting instances')
    .argument('<name>', 'name of the schedule')
    .action((name: string, options: InstanceOptions) => run(invocation, options, { name }));
  addCreate(schedules, invocation);
  addAct(schedules, invocation, 'pause', 'start nothing until resume').requiredOption('--reason <text>', 'required; journaled');
  addAct(schedules, invocation, 'resume', 'start again; the times of the pause are skipped').option('--reason <text>', 'journaled');
  addAct(schedules, invocation, 'trigger', 'start an instance now').option('--reason <text>', 'journaled').addOption(overlapOption());
  addAct(schedules, invocation, 'backfill', 'start the times of a range, at most 100; a time that was started is not started again')
    .requiredOption('--from <instant>', 'the first instant, ISO 8601 with an offset')
    .requiredOption('--to <instant>', 'the last instant')
    .option('--reason <text>', 'journaled')
    .addOption(overlapOption());
  addAct(schedules, invocation, 'delete', 'end a schedule that a client has created').requiredOption(
    '--reason <text>',
    'required; journaled',
  );
}

function addCreate(schedules: Command, invocation: Invocation): void {
  addInstanceOptions(schedules.command('create'))
    .description('create a schedule, or change the times of a created one')
    .argument('<name>', 'name of the schedule, kebab-case')
    .requiredOption('--process <name>', 'the process that it starts')
    .requiredOption('--cron <expression>', "five fields, such as '30 2 * * *'")
    .requiredOption('--zone <zone>', 'IANA time zone, such as Europe/Paris')
    .option('--input <json>', 'input of each start, as JSON or @FILE')
    .option('--reason <text>', 'journaled')
    .addOption(overlapOption())
    .addOption(new Option('--catch-up <policy>', 'times that passed without engine').choices(['none', 'latest', 'all']))
    .option('--within <duration>', "a later time is not started, such as '6 hours'")
    .option('--jitter <duration>', 'the longest delay of a start')
    .addOption(new Option('--gap <policy>', 'a time that the clocks skip').choices(['after', 'skip']))
    .addOption(new Option('--fold <policy>', 'a time that the clocks show twice').choices(['first', 'last', 'both']))
    .action(
      (name: string, { process, input, reason, cron, zone, overlap, catchUp, within, jitter, gap, fold, ...where }: CreateOptions) => {
        const times: ScheduleTimes = {
          cron,
          zone,
          ...(overlap && { overlap }),
          ...(catchUp && { catchUp }),
          ...(within !== undefined && { within: within as Duration }),
          ...(jitter !== undefined && { jitter: jitter as Duration }),
          ...(gap && { gap }),
          ...(fold && { fold }),
        };
        return run(invocation, where, {
          name,
          act: 'create',
          process,
          times,
          ...(input !== undefined && { input: jsonArgument(input) }),
          ...(reason !== undefined && { reason }),
        });
      },
    );
}

function addAct(schedules: Command, invocation: Invocation, act: Act, description: string): Command {
  return addInstanceOptions(schedules.command(act))
    .description(description)
    .argument('<name>', 'name of the schedule')
    .action((name: string, { reason, overlap, from, to, ...where }: ActOptions) =>
      run(invocation, where, {
        name,
        act,
        ...(reason !== undefined && { reason }),
        ...(overlap && { overlap }),
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
      }),
    );
}

function overlapOption(): Option {
  return new Option('--overlap <policy>', 'while an earlier instance runs').choices(OVERLAPS);
}

async function run(invocation: Invocation, where: InstanceOptions, request: ScheduleRequest): Promise<void> {
  await withOperations(invocation, where, async (operations) => {
    const { schedules } = await operations.schedules(request);
    for (const each of schedules) {
      if (where.json) invocation.terminal.printJson(each);
      else invocation.terminal.print(...linesOf(invocation.terminal, each, request.name !== undefined));
    }
    if (schedules.length === 0) invocation.terminal.message('There is no schedule.');
  });
}

function linesOf(terminal: Terminal, schedule: ListedSchedule, whole: boolean): string[] {
  const { name, status, process, cron, zone, next, last, paused, running, waiting, started, skipped, missed } = schedule;
  const counts = `${started} started, ${skipped} skipped, ${missed} missed`;
  const line = `${name}  ${status.padEnd(7)} ${process}  ${cron} ${zone}  ${terminal.colors.dim(`${next ? `next ${next.at}, ` : ''}${counts}`)}`;
  if (!whole) return [line];
  return [
    line,
    ...(paused ? [`paused since ${paused.since} by ${paused.by}: ${paused.reason}`] : []),
    ...(last ? [`last ${last.id}: ${last.result}`] : []),
    ...running.map((id) => `running ${id}`),
    ...waiting.map((id, i) => `waiting ${id}, ${i} before it`),
  ];
}
