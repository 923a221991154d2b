import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Operations } from '../lib/client/operations/operations.ts';
import { isTenant, TENANT_FORM } from '../lib/contract/wire/process-id.ts';
import { EXIT, usageError, type ExitCode } from './exit-code.ts';
import { openFolder, openStack, type OpenedOperations } from './open-operations.ts';
import type { Terminal } from './terminal.ts';

/** One run of the command line. */
export interface Invocation {
  readonly terminal: Terminal;
  exitCode: ExitCode;
}

/** The folder of a system on this machine, and the output format. */
export interface FolderOptions {
  readonly local: string;
  readonly json?: true;
}

/** The place of the system: a folder on this machine, or a deployment on AWS. */
export interface WhereOptions extends FolderOptions {
  readonly stack?: string;
  readonly region?: string;
}

/** The place of the system, and the tenant of the instances. */
export interface InstanceOptions extends WhereOptions {
  readonly tenant?: string;
}

export function addFolderOptions(command: Command): Command {
  return command.option('--local <dir>', 'folder of the system', '.tutti').option('--json', 'one JSON object per line');
}

export function addWhereOptions(command: Command): Command {
  return addFolderOptions(command)
    .addOption(new Option('--stack <name>', 'name of a system deployed on AWS').conflicts('local'))
    .addOption(
      new Option('--region <region>', 'AWS region of the deployed system (default: from the environment or the profile)').conflicts(
        'local',
      ),
    );
}

export function addInstanceOptions(command: Command): Command {
  return addTenantOption(addWhereOptions(command), 'tenant of the instances (default: "default")');
}

export function addTenantOption(command: Command, meaning: string): Command {
  return command.option('--tenant <tenant>', meaning, tenantArgument);
}

function tenantArgument(text: string): string {
  if (isTenant(text)) return text;
  throw new InvalidArgumentError(`Expected ${TENANT_FORM}.`);
}

/** Opens the system, runs `use` on its operations within the named tenant, and closes the system in every case. */
export async function withOperations(
  invocation: Invocation,
  where: InstanceOptions,
  use: (operations: Operations) => Promise<ExitCode | void>,
): Promise<void> {
  const opened = await openWhere(where);
  try {
    invocation.exitCode = (await use(operationsWithin(opened.operations, where.tenant))) ?? EXIT.done;
  } finally {
    opened.close();
  }
}

/** Adds the tenant to every request. Operations that concern no instance ignore it. */
function operationsWithin(operations: Operations, tenant: string | undefined): Operations {
  if (tenant === undefined) return operations;
  const within = Object.entries(operations).map(([name, run]) => [name, (request: object) => (run as Operation)({ ...request, tenant })]);
  return Object.fromEntries(within) as Operations;
}

type Operation = (request: object) => Promise<unknown>;

function openWhere({ local, stack, region }: WhereOptions): Promise<OpenedOperations> {
  if (stack !== undefined) return openStack(stack, region);
  if (region !== undefined) throw usageError('--region was given without --stack.', 'Name the deployed system with --stack.');
  return openFolder(local);
}
