import type { Command } from 'commander';
import type { AuditedOperation } from '../../lib/client/operations/audit.ts';
import { countArgument, instantArgument } from '../arguments.ts';
import { EXIT, usageError } from '../exit-code.ts';
import { addInstanceOptions, withOperations, type InstanceOptions, type Invocation } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';

interface AuditCommandOptions extends InstanceOptions {
  readonly where?: string;
  readonly since?: string;
  readonly until?: string;
  readonly by?: string;
  readonly limit: number;
}

export function addAuditCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('audit'))
    .description('list the operations on instances, the oldest first: time, operation, instance, principal, reason; reads journals')
    .argument('[process]', 'only of this process')
    .argument('[id]', 'only of this instance')
    .option('--where <filter>', "only of instances with all of these terms, such as 'tag.region=eu started:<30d'")
    .option('--since <instant>', 'only operations since this date, or within this age (30m, 2 days)')
    .option('--until <instant>', 'only operations until this date')
    .option('--by <principal>', 'only operations of this principal')
    .option('--limit <n>', 'read at most this many instances, the newest start first', countArgument, 1_000)
    .action(async (process: string | undefined, id: string | undefined, options: AuditCommandOptions) => {
      const { where, since, until, by, limit } = options;
      if (id !== undefined && where !== undefined) throw usageError('--where was given with an id.', 'Give one of them.');
      const now = Date.now();
      await withOperations(invocation, options, async (operations) => {
        const { terminal } = invocation;
        const audited = await operations.audit({
          limit,
          ...(process === undefined ? {} : { process }),
          ...(id === undefined ? {} : { id }),
          ...(where === undefined ? {} : { where }),
          ...(since === undefined ? {} : { since: instantArgument(since, now) }),
          ...(until === undefined ? {} : { until: instantArgument(until, now) }),
          ...(by === undefined ? {} : { by }),
        });
        for (const each of audited.operations) {
          if (options.json) terminal.printJson(each);
          else terminal.print(lineOf(terminal, each));
        }
        for (const { process: of, id: which, why } of audited.unread) terminal.message(`${of} ${which} is not complete: ${why}`);
        if (audited.more) terminal.message(`Only the newest ${limit} instances were read: raise --limit to read more.`);
        if (audited.operations.length === 0) terminal.message(`No operation matches, in the journals of ${audited.read} instances.`);
        return audited.unread.length > 0 ? EXIT.bad : EXIT.done;
      });
    });
}

function lineOf({ colors }: Terminal, { at, operation, process, id, by, sender, reason, detail }: AuditedOperation): string {
  const who = sender === undefined || sender === by ? by : `${by} (${sender})`;
  const more = detail === undefined ? '' : ` ${detail}`;
  return `${at}  ${operation.padEnd(9)}  ${process} ${id}${more}  by ${who}${reason === undefined ? '' : colors.dim(`: ${reason}`)}`;
}
