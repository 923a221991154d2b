import type { CommandContract, RetryPolicy } from '../contract/runtime-contract.ts';
import { type Json, parseGiven, parseStored, versionOf } from '../contract/schema.ts';
import { commandIdOf, deadlineOf, OPEN_MAX, type OpenCommand, type SentValue, type Pauses } from './image.ts';
import { poison, refuse } from './bug.ts';
import {
  type Passed,
  type Sending,
  VALUE_CHARACTERS_MAX,
  decidedByLimit,
  journal,
  offload,
  sending,
  sendingAgain,
  sendingUnlessNew,
  sentFirst,
} from './journal.ts';
import type { Decided } from './journal-entry.ts';
import { labelledPath } from './labels.ts';
import type { CallPolicy, CallStep, ProcessRun, Scope, UndoItem } from './run.ts';
import { originOf, nextPath, rejectIfCancelled } from './run.ts';
import { allocate, clearTimer } from './timers.ts';
import { giveUp } from './unresolved.ts';

interface Calling {
  readonly contract: CommandContract;
  readonly policy: CallPolicy;
}

/** `ctx.call` and `ctx.try`: a command whose reply the process awaits. */
export function callCommand(run: ProcessRun, scope: Scope, { contract, passed, policy }: Calling & { readonly passed: Passed }): CallStep {
  const step = newCall(scope, nextPath(scope, contract.name), contract, policy);
  if (!rejectIfCancelled(run, step)) beginCall(run, step, contract, sending(run, 'CommandIssued', step.path, passed));
  return step;
}

/** `ctx.run`: a command of the service `steps`. The path of the step has the name that the code gives it, and is the input. */
export function runStep(run: ProcessRun, scope: Scope, label: string, { contract, policy }: Calling): CallStep {
  const step = newCall(scope, labelledPath(run, scope, label, 'CommandIssued'), contract, policy);
  const passed = { schema: contract.input, value: { step: step.path }, what: `${contract.name} was called with` };
  if (!rejectIfCancelled(run, step)) beginCall(run, step, contract, sending(run, 'CommandIssued', step.path, passed));
  return step;
}

export function newCall(scope: Scope, path: string, contract: Pick<CommandContract, 'name' | 'undo'>, policy: CallPolicy): CallStep {
  return {
    kind: 'call',
    path,
    scope,
    status: 'open',
    resolver: undefined,
    n: 0,
    command: contract.name,
    sent: undefined,
    returnsFailure: policy.returnsFailure,
    undoable: policy.undo && contract.undo !== undefined,
    policy,
    detached: false,
    item: undefined,
  };
}

/** Issues the command of a new step. */
export function beginCall(run: ProcessRun, step: CallStep, contract: CommandContract, input: Sending): void {
  step.sent = input;
  step.scope.open.add(step);
  issueCall(run, step, { contract, input, retries: 0, since: run.image.clock });
}

/** Issues the command of a step again, under a new number, with the same input. */
export function callAgain(run: ProcessRun, step: CallStep, { retries, since }: NonNullable<CallStep['retry']>): void {
  const input = sendingAgain(run, 'CommandIssued', step.path, step.sent as SentValue);
  issueCall(run, step, { contract: contractOf(run, step.command), input, retries, since });
}

/** A command, its input, the runs under earlier numbers, and the process time at which it was first issued under any number. */
interface NumberedSend {
  readonly contract: CommandContract;
  readonly input: Sending;
  readonly retries: number;
  readonly since: number;
}

function issueCall(run: ProcessRun, step: CallStep, { contract, input, retries, since }: NumberedSend): void {
  const { timeoutMs, retry } = step.policy;
  const command = issue(run, step.path, {
    contract,
    input,
    mode: 'call',
    retries,
    since,
    deadline: since + retry.withinMs,
    timeoutMs,
    attemptsMax: retry.attempts,
    pauses: pausesOf(retry, contract),
    ...(contract.undo && (!step.undoable || step.detached) && { stands: true }),
  });
  step.n = command.n;
  run.steps.set(command.n, step);
}

/** The pauses of a call, or undefined if they are those of the contract: then the head need not hold them. */
function pausesOf(retry: RetryPolicy, contract: CommandContract): Pauses | undefined {
  const { firstMs, factor, mostMs } = retry;
  const { retry: usual } = contract;
  return firstMs === usual.firstMs && factor === usual.factor && mostMs === usual.mostMs ? undefined : { firstMs, factor, mostMs };
}

/** `ctx.send`: a command whose reply no step awaits. */
export function sendCommand(run: ProcessRun, scope: Scope, contract: CommandContract, passed: Passed): void {
  const sent = sendingUnlessNew(run, 'CommandIssued', { scope, name: contract.name }, passed);
  if (sent) issueSend(run, sent.path, { contract, input: sent.input, retries: 0, since: run.image.clock });
}

/** Issues a command of `ctx.send` again, under a new number, with the same input. */
export function sendUnderNewNumber(run: ProcessRun, before: OpenCommand): void {
  const { command, path, retries, since } = before;
  const input = sendingAgain(run, 'CommandIssued', path, sentOf(before));
  issueSend(run, path, { contract: contractOf(run, command), input, retries, since });
}

function issueSend(run: ProcessRun, path: string, send: NumberedSend): void {
  const { timeoutMs, retry } = send.contract;
  issue(run, path, { ...send, mode: 'send', deadline: send.since + retry.withinMs, timeoutMs, attemptsMax: retry.attempts });
}

/** The input of an open command, which is the same under each of its numbers. */
function sentOf({ input, version }: Pick<OpenCommand, 'input' | 'version'>): SentValue {
  return { data: input, version };
}

/** Issues the command that undoes another. The limits of its own contract count from its first issue under any number (S4). */
export function issueUndo(run: ProcessRun, item: Extract<UndoItem, { kind: 'command' }>): OpenCommand {
  const path = `${item.path}/undo`;
  const { command, sent } = run.expected ? recordedUndo(run, item, path) : madeUndo(run, item);
  return issueUndoAs(run, { command, path, undoes: item.undoes, retries: 0, since: run.image.clock }, sent);
}

/** Issues an undo again, under a new number, with the same input. */
export function undoUnderNewNumber(run: ProcessRun, before: OpenCommand): OpenCommand {
  return issueUndoAs(run, before, sentOf(before));
}

function issueUndoAs(
  run: ProcessRun,
  { command, path, undoes, retries, since }: Pick<OpenCommand, 'command' | 'path' | 'undoes' | 'retries' | 'since'>,
  sent: SentValue,
): OpenCommand {
  const contract = contractOf(run, command);
  return issue(run, path, {
    contract,
    input: sendingAgain(run, 'CommandIssued', path, sent),
    mode: 'undo',
    retries,
    since,
    deadline: since + contract.retry.withinMs,
    timeoutMs: contract.timeoutMs,
    attemptsMax: contract.retry.attempts,
    undoes: String(undoes),
  });
}

type Issue = Omit<NumberedSend, 'contract'> &
  Pick<OpenCommand, 'mode' | 'timeoutMs' | 'stands' | 'pauses' | 'owner'> & {
    readonly contract: Pick<CommandContract, 'name' | 'heartbeatMs'>;
    readonly deadline: number;
    readonly attemptsMax: number;
    readonly undoes?: string;
  };

type Issued = Extract<Decided, { readonly type: 'CommandIssued' }>;
/** Its members are set one by one, because each decision and each replayed step comes here, and spread objects take longer. */
type IssuedEntry = { -readonly [Member in keyof Issued]: Issued[Member] };

export function issue(run: ProcessRun, path: string, how: Issue): OpenCommand {
  const { image } = run;
  const { contract, input } = how;
  const n = allocate(run, 'CommandIssued', path);
  if (image.commands.size >= OPEN_MAX)
    refuse(
      run,
      'SIZE',
      `${image.pid} has ${OPEN_MAX} open commands and issues one more, ${contract.name}: at most ${OPEN_MAX} may be open at a time.`,
    );
  const { data, version, wireHash, hashes, characters } = input;
  const entry: IssuedEntry = { type: 'CommandIssued', n, path, command: contract.name, hash: hashes.hash };
  if (hashes.asked !== undefined) entry.asked = hashes.asked;
  if (how.undoes) entry.undoes = how.undoes;
  if (how.mode === 'send') entry.mode = 'send';
  if (how.owner !== undefined) entry.owner = how.owner;
  journal(run, entry);
  const command: OpenCommand = {
    n,
    path,
    command: contract.name,
    input: data,
    version,
    inputRef: undefined,
    hash: hashes.hash,
    wireHash,
    mode: how.mode,
    owner: how.owner,
    stands: how.stands,
    attempt: 1,
    retries: how.retries,
    since: how.since,
    due: Math.min(image.clock + how.timeoutMs, how.deadline),
    deadline: how.deadline === Infinity ? undefined : how.deadline,
    timeoutMs: how.timeoutMs,
    attemptsMax: how.attemptsMax === Infinity ? undefined : how.attemptsMax,
    pauses: how.pauses,
    undoes: how.undoes,
    cause: run.carrier.cause,
    messageId: run.carrier.messageId,
    heartbeatMs: contract.heartbeatMs,
    hops: run.hops,
    trace: run.trace,
  };
  if (!run.expected && (characters ?? Infinity) > VALUE_CHARACTERS_MAX) command.inputRef = offload(run, data);
  image.commands.set(n, command);
  return command;
}

/** The end of `within` of an undo. Older builds issued undos without a deadline, so it is computed for them. */
export function endOfUndo(run: ProcessRun, { command, deadline, since }: OpenCommand): number {
  return deadline ?? since + contractOf(run, command).retry.withinMs;
}

/** Maximum interval between two re-sends: 12 hours, and a day for an engine command, whose owner may run for months. */
const RESEND_INTERVAL_MAX_MS = 43_200_000;

/**
 * Sends an open command again under the same id. Only the attempt changes, so the service's record of that id prevents a second effect. The
 * service repeats its runs itself, so a re-send only replaces a lost message, and the intervals between re-sends grow.
 */
export function sendAgain(run: ProcessRun, command: OpenCommand, intervalMs = longerInterval(command)): void {
  command.attempt += 1;
  command.cause = run.carrier.cause;
  command.messageId = run.carrier.messageId;
  command.intervalMs = intervalMs;
  const limit = command.settling ? (command.settleBy ?? Infinity) : deadlineOf(command);
  command.due = Math.min(run.image.clock + intervalMs, limit);
}

function longerInterval({ timeoutMs, owner, intervalMs = timeoutMs }: OpenCommand): number {
  return Math.max(timeoutMs, Math.min(2 * intervalMs, owner === undefined ? RESEND_INTERVAL_MAX_MS : 2 * RESEND_INTERVAL_MAX_MS));
}

/**
 * Sends an open command again, past its deadline too, until its outcome is definite. If no definite reply comes within one time-out after
 * the end of `within`, the outcome is unknown.
 */
export function resolveOutcome(run: ProcessRun, command: OpenCommand, why: 'within' | 'cancelled'): void {
  const { clock } = run.image;
  command.settling = why;
  command.settleBy = (why === 'within' ? clock : Math.max(clock, deadlineOf(command))) + command.timeoutMs;
  sendAgain(run, command, command.timeoutMs);
}

/**
 * Cancels the command of a call. If its success must be undone, or its reply is deferred, the command is sent again until its outcome is
 * definite; else it is dropped. If its outcome is already unknown, it becomes a tombstone instead.
 */
export function cancelCall(run: ProcessRun, step: CallStep): void {
  const command = run.image.commands.get(step.n);
  step.scope.open.delete(step);
  if (!command) {
    clearTimer(run, step.n);
    run.steps.delete(step.n);
  } else if (step.undoable && decidedByLimit(run, 'CommandGivenUp', step.path, () => command.unknown !== undefined)) {
    giveUp(run, command, true);
  } else if (step.undoable || command.deferred || command.owner !== undefined) {
    step.scope.cleanups += 1;
    resolveOutcome(run, command, 'cancelled');
  } else {
    journal(run, { type: 'CommandAbandoned', n: step.n, path: step.path });
    run.image.commands.delete(step.n);
    run.steps.delete(step.n);
  }
}

/**
 * The undo item of a completed command (S1). The input of the undo is made once, from the real output, when the undo is issued: a contract
 * that changes in the meantime affects an undo that is still to be issued, and no issued one.
 */
export function undoItem(
  run: ProcessRun,
  command: Pick<OpenCommand, 'n' | 'command' | 'input' | 'version' | 'path'>,
  output: Json,
  id = commandIdOf(originOf(run), command),
): Extract<UndoItem, { kind: 'command' }> {
  const { command: completed, path } = command;
  const item = { kind: 'command', order: run.position, undoes: id, completed, sent: sentOf(command), output, path } as const;
  // Finds an error of the undo mapper at the reply, not when the undo is issued.
  if (!run.expected) madeUndo(run, item);
  return item;
}

type Undo = NonNullable<CommandContract['undo']>;

interface MadeUndo {
  readonly command: string;
  readonly sent: SentValue;
}

/** Makes the undo by the current contract: upcasts the sent input to its newest version. The output has that version already. */
function madeUndo(run: ProcessRun, { completed, sent, output }: Extract<UndoItem, { kind: 'command' }>): MadeUndo {
  const { undo, input, output: contract } = contractOf(run, completed);
  if (!undo) return refuse(run, 'POISON', `${completed} completed and must be undone, but its contract no longer declares an undo.`);
  const { input: schema } = contractOf(run, undo.command);
  const what = `the input of ${undo.command}, which undoes ${completed},`;
  try {
    const made = undo.input(
      parseStored(input, sent.data, sent.version) as never,
      parseStored(contract, output, versionOf(contract)) as never,
    );
    return { command: undo.command, sent: sentFirst(schema, parseGiven(schema, made, what)) };
  } catch (error) {
    // User code that requested the undo may catch the error, so the bug is marked.
    poison(run, error);
    throw error;
  }
}

/** A recorded undo. Its input is in the head while its command is open, so no value is made here. */
function recordedUndo(run: ProcessRun, { completed }: Extract<UndoItem, { kind: 'command' }>, path: string): MadeUndo {
  const recorded = run.expected?.recorded('CommandIssued', path);
  const command = recorded?.type === 'CommandIssued' ? recorded.command : (contractOf(run, completed).undo as Undo).command;
  return { command, sent: { data: null } };
}

export function contractOf(run: ProcessRun, name: string): CommandContract {
  const contract = run.environment.commands.get(name);
  return contract ?? refuse(run, 'UNKNOWN_SERVICE', `${name} is not a command of this system's services.`);
}

/** The contract of a command that user code names, as this system lists it. */
export function listedContract(run: ProcessRun, named: CommandContract): CommandContract {
  return run.environment.commands.get(named.name) ?? run.environment.unlisted?.(named) ?? contractOf(run, named.name);
}
