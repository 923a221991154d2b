import { tenantOption } from '../lib/client/tenant.ts';
import type { CauseGroup } from '../lib/client/operations/causes.ts';
import { statusColor } from './instance-table.ts';
import type { WhereOptions } from './invocation.ts';
import type { Terminal } from './terminal.ts';

/** The lines of one group of `tutti list --group`: how many and why, since when, what to do, and the commands to go on with. */
export function causeLines(terminal: Terminal, group: CauseGroup, where: WhereOptions): readonly string[] {
  const { cause, process, status, code, reason, remedy, count, oldest, example } = group;
  const { colors } = terminal;
  const indent = ' '.repeat(cause.length);
  const state = statusColor(terminal, status)(code === undefined ? status : `${status} (${code})`);
  const text = reason === status || reason.startsWith(`${status}:`) ? reason.slice(status.length) : `: ${reason}`;
  const shown = `${tenantOption(example)}${placeText(where)}`;
  return [
    `${colors.bold(cause)}  ${count} ${process} ${state}${text}`,
    `${indent}  ${sinceText(status)} ${oldest}: tutti why ${process} ${example.id}${shown}`,
    ...(remedy === undefined ? [] : [`${indent}  ${remedy}`]),
    ...(status === 'stuck' ? [`${indent}  tutti resume --cause ${cause}${shown}`] : []),
  ];
}

function sinceText(status: CauseGroup['status']): string {
  if (status === 'stuck') return 'the first since';
  return status === 'running' ? 'the oldest started' : 'the first ended';
}

/** The options that name the system, for a command to copy. */
export function placeText({ stack, region, local }: WhereOptions): string {
  if (stack !== undefined) return ` --stack ${stack}${region === undefined ? '' : ` --region ${region}`}`;
  return local === '.tutti' ? '' : ` --local ${local}`;
}
