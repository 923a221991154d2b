import type { Command } from 'commander';
import type { BulkResult } from '../../lib/client/bulk.ts';
import type { BulkOperation } from '../../lib/client/operations/operations.ts';
import { printJobs } from '../bulk-where.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';
import { statusColor } from '../instance-table.ts';
import type { Terminal } from '../terminal.ts';

interface ActOptions extends InstanceOptions {
  readonly reason: string;
}

/** `tutti bulk`: the jobs that `--where` of cancel, terminate, pause and resume begins. */
export function addBulkCommand(program: Command, invocation: Invocation): void {
  const bulk = program
    .command('bulk')
    .description('list and operate bulk jobs: tutti cancel, terminate, pause and resume with --where begin them');
  addInstanceOptions(bulk.command('list', { isDefault: true }))
    .description('list jobs, newest first: id, operation, status, counts, filter')
    .action((options: InstanceOptions) => run(invocation, options, { do: 'list' }));
  addInstanceOptions(bulk.command('describe'))
    .description('print a job and its progress')
    .argument('<id>', 'id of the job')
    .action((id: string, options: InstanceOptions) => run(invocation, options, { do: 'describe', id }));
  addInstanceOptions(bulk.command('results'))
    .description('print the result of each instance')
    .argument('<id>', 'id of the job')
    .action((id: string, options: InstanceOptions) => run(invocation, options, { do: 'results', id }));
  addAct(bulk, invocation, 'pause', 'send no further operation until resume');
  addAct(bulk, invocation, 'resume', 'go on with a paused job');
  addAct(bulk, invocation, 'cancel', 'end a job: what it has done stays');
}

function addAct(bulk: Command, invocation: Invocation, act: 'pause' | 'resume' | 'cancel', description: string): void {
  addInstanceOptions(bulk.command(act))
    .description(description)
    .argument('<id>', 'id of the job')
    .requiredOption('--reason <text>', 'required; journaled with the name of the operator')
    .action((id: string, { reason, ...options }: ActOptions) => run(invocation, options, { do: act, id, reason }));
}

async function run(invocation: Invocation, where: InstanceOptions, request: BulkOperation): Promise<void> {
  await withOperations(invocation, where, async (operations) => {
    const { jobs = [], results } = await operations.bulk(request);
    if (results) return printResults(invocation.terminal, results, where.json === true);
    printJobs(invocation.terminal, jobs, where.json === true);
    if (jobs.length === 0) invocation.terminal.message('There is no bulk job.');
    return undefined;
  });
}

function printResults(terminal: Terminal, results: readonly BulkResult[], json: boolean): void {
  for (const each of results) {
    if (json) terminal.printJson(each);
    else {
      const { process, id, result, status, failure } = each;
      const after = failure ? `${failure.code}: ${failure.message}` : (status ?? '');
      terminal.print(
        `${process} ${id}  ${statusColor(terminal, result === 'failed' ? 'failed' : 'completed')(result.padEnd(9))} ${after}`.trimEnd(),
      );
    }
  }
}
