import { Option, type Command } from 'commander';
import type { BulkPreview, BulkRequest } from '../lib/client/bulk.ts';
import type { ListedBulk, Operations } from '../lib/client/operations/operations.ts';
import type { BulkAct } from '../lib/contract/bulk.ts';
import { countArgument } from './arguments.ts';
import { withOperations, type InstanceOptions, type Invocation } from './invocation.ts';
import { statusColor } from './instance-table.ts';
import { usageError } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** The options of an operation that may take a filter in place of an instance. */
export interface WhereFilterOptions {
  readonly where?: string;
  readonly yes?: true;
  readonly rate?: number;
  readonly reason?: string;
  readonly json?: true;
}

export function addWhereFilter(command: Command): Command {
  return command
    .option('--where <filter>', "all instances that fit, such as 'process:book-trip tag.region=eu': prints what would be done")
    .addOption(new Option('--rate <n>', 'with --where: operations a second (default: 10)').argParser(countArgument))
    .option('--yes', 'with --where or --cause: do it; without it, only say what would be done');
}

/** Whether a command names an instance or a filter. Throws if it names neither, both or a filter without a reason. */
export function namesFilter(process: string, id: string, { where, reason, yes }: WhereFilterOptions): boolean {
  if (where === undefined) {
    if (process !== '' && id !== '') return false;
    throw usageError('No instance was named.', 'Name its process and its id, or instances with --where.');
  }
  if (process !== '') throw usageError('--where was given with an instance.', 'Give either an instance or a filter.');
  if (yes && reason === undefined)
    throw usageError('--where was given without --reason.', 'Give the reason: it is journaled at each instance.');
  return true;
}

/** Opens the system, and operates all instances that fit the filter. */
export async function operateAll(
  invocation: Invocation,
  act: BulkAct,
  options: InstanceOptions & WhereFilterOptions,
  more: Pick<BulkRequest, 'clock' | 'version'> = {},
): Promise<void> {
  const request = { act, where: options.where ?? '', ...more };
  await withOperations(invocation, options, (operations) => operateWhere(invocation.terminal, operations, request, options));
}

/** Prints the preview of an operation on many instances. With `yes`, begins a bulk job on exactly these. */
async function operateWhere(terminal: Terminal, operations: Operations, request: BulkRequest, options: WhereFilterOptions): Promise<void> {
  const { yes, rate, reason = '', json = false } = options;
  const { preview } = (await operations.bulk({ do: 'preview', request })) as { readonly preview: BulkPreview };
  printPreview(terminal, preview, json);
  if (preview.count === 0) return;
  if (yes !== true) return terminal.message('Nothing was done. Repeat with --yes and --reason to do it.');
  const { jobs = [] } = await operations.bulk({ do: 'start', preview, reason, ...(rate !== undefined && { perSecond: rate }) });
  printJobs(terminal, jobs, json);
  terminal.message(`The job goes on by itself: tutti bulk describe ${jobs[0]?.id ?? ''}`);
}

function printPreview(terminal: Terminal, { act, count, unchanged, more, samples }: BulkPreview, json: boolean): void {
  if (json) return terminal.printJson({ act, count, unchanged, ...(more && { more }), samples });
  const others = unchanged === 0 ? '' : `; ${unchanged} others match and stay as they are`;
  terminal.print(`${act} would change ${count}${more ? ' of more' : ''} ${count === 1 ? 'instance' : 'instances'}${others}.`);
  for (const { process, id, status, why, would } of samples)
    terminal.print(`${process} ${id}  ${statusColor(terminal, status)(status.padEnd(10))} would ${would}  ${terminal.colors.dim(why)}`);
  if (count > samples.length) terminal.print(`and ${count - samples.length} more`);
}

export function printJobs(terminal: Terminal, jobs: readonly ListedBulk[], json: boolean): void {
  for (const job of jobs) {
    if (json) terminal.printJson(job);
    else terminal.print(jobLine(terminal, job));
  }
}

function jobLine(
  terminal: Terminal,
  { id, act, status, paused, of, done, unchanged, failed, open, where, by, reason }: ListedBulk,
): string {
  const shown = paused === undefined ? status : 'paused';
  const counts = [
    `${done} of ${of} done`,
    ...(unchanged > 0 ? [`${unchanged} unchanged`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(open > 0 ? [`${open} open`] : []),
  ];
  return `${id}  ${statusColor(terminal, shown)(shown.padEnd(10))} ${act}  ${counts.join(', ')}  ${terminal.colors.dim(`${where}; ${by}: ${reason}`)}`;
}
