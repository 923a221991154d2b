import type { AnyCommand, FailureOf } from '../contract/command.ts';
import { ClientError, ContractError, Unsupported } from '../contract/errors.ts';
import { type Frozen, type Json, type Sent, parse } from '../contract/schema.ts';
import type { Resolution } from '../core/inbound.ts';
import { resolvable, resolvables } from '../core/resolvable.ts';
import { decodeHead } from '../format/head-codec.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from './connection.ts';
import { nameOf, pidOf, requireHead, type InstanceName } from './instance.ts';
import { readHeadJournal } from './operations/journal-view.ts';
import { performOperation } from './perform-operation.ts';
import { tenantOption } from './tenant.ts';

/** The outcome of a command, as an operator has determined it. `command` types the outcome, and must be the command of the step. */
export type StepOutcome<C extends AnyCommand = AnyCommand> = {
  readonly command?: C;
  /** How the outcome is known; journaled. @default 'resolved' */
  readonly reason?: string;
} & ({ readonly output: Frozen<Sent<C['~']['output']>> } | { readonly failure: FailureOf<C> | UndeclaredFailure });

/** The command has had no effect, and the contract declares no error for this case: the step rejects with `CommandExhausted`. */
export interface UndeclaredFailure {
  readonly type: string;
  readonly message?: string;
  readonly data?: Json;
}

/**
 * Records the outcome of a command whose service will not reply. `step` is the path of its step, or the command id.
 * @throws ClientError `NOT_FOUND` if no such command is open or unresolved, `STUCK` if the journal does not replay
 */
export async function resolveStep(reach: Reach, instance: InstanceName, step: string, outcome: StepOutcome): Promise<void> {
  const head = await requireHead(reach.ports, pidOf(reach, instance));
  const name = commandOf(head, step);
  if (outcome.command !== undefined && outcome.command.name !== name)
    throw new ContractError(
      'DATA_INVALID',
      `${step} of ${nameOf(head.pid)} is a step of ${name}, and was resolved as ${outcome.command.name}.`,
    );
  const resolution = resolutionOf(name, outcome);
  checkOutput(reach, name, resolution);
  await performOperation(reach, instance, { act: 'resolve', reason: outcome.reason ?? 'resolved', step, resolution });
}

function commandOf(head: Head, step: string): string {
  const image = decodeHead(head);
  const found = resolvable(image, step);
  if (found) return found.command;
  const open = resolvables(image).map(({ path, run, n }) => path ?? `${image.pid}/${run}/${n}`);
  throw new ClientError(
    'NOT_FOUND',
    `${nameOf(head.pid)} has no command at ${step} whose outcome is unknown: expected ${open.length === 0 ? 'none' : open.join(' or ')}.`,
    { remedy: 'Name a step that tutti why lists as pending or unresolved.' },
  );
}

function resolutionOf(command: string, outcome: StepOutcome): Resolution {
  if ('output' in outcome) return { output: outcome.output ?? null };
  const { type, message = `${command} failed with ${type}.`, data = null } = outcome.failure;
  return { failure: { type, message, data } };
}

/** The engine checks the output too, because a client of a deployed system does not have its schemas. */
function checkOutput({ system }: Reach, command: string, resolution: Resolution): void {
  const contract = system.commands.get(command);
  if (contract && 'output' in resolution) parse(contract.output, resolution.output, `${command} was resolved with`);
}

/** `resume` may skip only an undo or a compensation. The process needs the outcome of any other step, so that is refused. */
export async function refuseSkip(reach: Reach, instance: InstanceName, skip: string): Promise<void> {
  const { ports } = reach;
  const head = await requireHead(ports, pidOf(reach, instance));
  const { commands, resends, stuck } = decodeHead(head);
  if (stuck?.compensation === skip) return;
  if ([...commands.values(), ...resends.values()].some(({ path }) => path === `${skip}/undo`)) return;
  const journal = await readHeadJournal(ports, head, { payloads: false });
  if (journal.some((entry) => entry.type === 'CompensationRegistered' && entry.path === skip)) return;
  throw new Unsupported(`${skip} of ${nameOf(head.pid)} was to be skipped: expected the path of an undo or a compensation.`, {
    remedy: `Record the outcome with tutti resolve ${instance.process} ${instance.id} ${skip}${tenantOption(reach)} --output JSON or --failure JSON, and --reason TEXT.`,
  });
}
