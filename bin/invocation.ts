import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Operations } from '../lib/client/operations/operations.ts';
import { isTenant, TENANT_FORM } from '../lib/contract/wire/process-id.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { OpenedActs } from './opened-acts.ts';
import { openActs } from './system-folder.ts';
import type { Terminal } from './terminal.ts';
import { usageError } from './usage-error.ts';

/** One run of the command line. */
export interface Invocation {
  readonly terminal: Terminal;
  exitCode: ExitCode;
}

/** Where the system runs on this machine, and how its answers are printed. */
export interface FolderOptions {
  readonly local: string;
  readonly json?: true;
}

/** Where the system is, here or on AWS. */
export interface WhereOptions extends FolderOptions {
  readonly stack?: string;
  readonly region?: string;
}

/** Where the system is, and whose instances are meant. */
export interface InstanceOptions extends WhereOptions {
  readonly tenant?: string;
}

export function addFolderOptions(command: Command): Command {
  return command.option('--local <dir>', 'the folder of the system', '.tutti').option('--json', 'one JSON object per line');
}

export function addWhereOptions(command: Command): Command {
  return addFolderOptions(command)
    .addOption(new Option('--stack <name>', 'the deployed system of this name, on AWS').conflicts('local'))
    .addOption(
      new Option('--region <region>', 'where it is deployed (default: that of the environment or of the profile)').conflicts('local'),
    );
}

export function addInstanceOptions(command: Command): Command {
  return addTenantOption(addWhereOptions(command), 'the tenant that is meant (default: "default")');
}

export function addTenantOption(command: Command, meaning: string): Command {
  return command.option('--tenant <tenant>', meaning, tenantArgument);
}

function tenantArgument(text: string): string {
  if (isTenant(text)) return text;
  throw new InvalidArgumentError(`Expected ${TENANT_FORM}.`);
}

/** Runs an act on the system, within the tenant that is named, and closes it whatever becomes of the act. */
export async function withActs(
  invocation: Invocation,
  where: InstanceOptions,
  use: (acts: Operations) => Promise<ExitCode | void>,
): Promise<void> {
  const opened = await openWhere(where);
  try {
    invocation.exitCode = (await use(actsWithin(opened.acts, where.tenant))) ?? EXIT.done;
  } finally {
    opened.close();
  }
}

/** Acts that are asked with a tenant. Those that mean no instance pass over it. */
function actsWithin(acts: Operations, tenant: string | undefined): Operations {
  if (tenant === undefined) return acts;
  const asked = Object.entries(acts).map(([name, act]) => [name, (request: object) => (act as Act)({ ...request, tenant })]);
  return Object.fromEntries(asked) as Operations;
}

type Act = (request: object) => Promise<unknown>;

async function openWhere({ local, stack, region }: WhereOptions): Promise<OpenedActs> {
  if (stack === undefined && region !== undefined)
    throw usageError('--region was given without --stack.', 'Name the deployed system with --stack.');
  if (stack === undefined) return openActs(local);
  // The client over AWS is imported only where it is used.
  const { openStack } = await import('./system-stack.ts');
  return openStack(stack, region);
}
