import type { CommandContract, RetryPolicy } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import { parseGiven, parseStored, versionOf } from '../contract/versions.ts';
import { deadlineOf, OPEN_MAX, type OpenCommand, type SentValue, type Pauses } from './image.ts';
import { poison, refuse } from './bug.ts';
import { decidedByLimit, journal, offload } from './journal.ts';
import { sendingAgain, sending, sentFirst, type Passed, type Sending } from './passed.ts';
import type { CallPolicy, CallStep, ProcessRun, Scope, UndoItem } from './run.ts';
import { nextPath, rejectIfCancelled } from './run.ts';
import { allocate, clearTimer } from './timers.ts';
import { giveUp } from './unresolved.ts';

/** `ctx.call` and `ctx.try`: a command whose answer the process awaits. */
export const callCommand = (run: ProcessRun, scope: Scope, contract: CommandContract, passed: Passed, policy: CallPolicy): CallStep => {
  const step: CallStep = {
    kind: 'call',
    path: nextPath(scope, contract.name),
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
  if (rejectIfCancelled(run, step)) return step;
  const input = sending(run, 'CommandIssued', step.path, passed);
  step.sent = input;
  scope.open.add(step);
  issueFor(run, step, contract, 0, run.image.clock, input);
  return step;
};

/** Issues the command of a step; once more, under a new number, with the input that it was sent with before. */
export const issueFor = (
  run: ProcessRun,
  step: CallStep,
  contract: CommandContract,
  retries: number,
  since: number,
  input = sendingAgain(run, 'CommandIssued', step.path, step.sent as SentValue),
): void => {
  const { timeoutMs, retry } = step.policy;
  const deadline = since + retry.withinMs;
  const command = issue(run, contract, step.path, input, {
    mode: 'call',
    retries,
    since,
    deadline,
    timeoutMs,
    attemptsMax: retry.attempts,
    pauses: pausesOf(retry, contract),
    ...(contract.undo && (!step.undoable || step.detached) && { stands: true }),
  });
  step.n = command.n;
  run.steps.set(command.n, step);
};

/** What the contract says need not be kept with each command. */
const pausesOf = (retry: RetryPolicy, contract: CommandContract): Pauses | undefined => {
  const { firstMs, factor, mostMs } = retry;
  const { retry: usual } = contract;
  return firstMs === usual.firstMs && factor === usual.factor && mostMs === usual.mostMs ? undefined : { firstMs, factor, mostMs };
};

/** `ctx.send`: a command whose answer nobody awaits. */
export const sendCommand = (run: ProcessRun, scope: Scope, contract: CommandContract, passed: Passed): void => {
  const path = nextPath(scope, contract.name);
  issueSend(run, contract, path, sending(run, 'CommandIssued', path, passed), 0, run.image.clock);
};

/** The next try, under a new number, with the input that it was sent with before. */
export const sendUnderNewNumber = (run: ProcessRun, before: OpenCommand, retries: number, since: number): void => {
  const input = sendingAgain(run, 'CommandIssued', before.path, sentOf(before));
  issueSend(run, contractOf(run, before.command), before.path, input, retries, since);
};

const issueSend = (run: ProcessRun, contract: CommandContract, path: string, input: Sending, retries: number, since: number): void => {
  const { timeoutMs, retry } = contract;
  issue(run, contract, path, input, {
    mode: 'send',
    retries,
    since,
    deadline: since + retry.withinMs,
    timeoutMs,
    attemptsMax: retry.attempts,
  });
};

/** What an open command is sent with, under every id. */
const sentOf = ({ input, version }: Pick<OpenCommand, 'input' | 'version'>): SentValue => ({ data: input, version });

/** The command that undoes another. The limits of its own contract hold from when it was first sent, under any number (S4). */
export const issueUndo = (run: ProcessRun, item: Extract<UndoItem, { kind: 'command' }>): OpenCommand => {
  const path = `${item.path}/undo`;
  const { command, sent } = run.expected ? recordedUndo(run, item, path) : madeUndo(run, item);
  return issueUndoAs(run, { command, path, undoes: item.undoes, since: run.image.clock }, sent, 0);
};

/** The next try of an undo, under a new number, with the input that it was sent with before. */
export const undoUnderNewNumber = (run: ProcessRun, before: OpenCommand): OpenCommand =>
  issueUndoAs(run, before, sentOf(before), before.retries);

const issueUndoAs = (
  run: ProcessRun,
  { command, path, undoes, since }: Pick<OpenCommand, 'command' | 'path' | 'undoes' | 'since'>,
  sent: SentValue,
  retries: number,
): OpenCommand => {
  const contract = contractOf(run, command);
  return issue(run, contract, path, sendingAgain(run, 'CommandIssued', path, sent), {
    mode: 'undo',
    retries,
    since,
    deadline: since + contract.retry.withinMs,
    timeoutMs: contract.timeoutMs,
    attemptsMax: contract.retry.attempts,
    undoes: String(undoes),
  });
};

type Issue = Pick<OpenCommand, 'mode' | 'retries' | 'since' | 'timeoutMs' | 'stands' | 'pauses'> & {
  deadline: number;
  attemptsMax?: number;
  undoes?: string;
};

const issue = (run: ProcessRun, contract: CommandContract, path: string, input: Sending, how: Issue): OpenCommand => {
  const { image } = run;
  const n = allocate(run, 'CommandIssued', path);
  if (image.commands.size >= OPEN_MAX)
    refuse(
      run,
      'SIZE',
      `${image.pid} has ${OPEN_MAX} open commands and issues one more, ${contract.name}: at most ${OPEN_MAX} may be open at a time.`,
    );
  const { data, version, wireHash, hashes } = input;
  journal(run, {
    type: 'CommandIssued',
    n,
    path,
    command: contract.name,
    hash: hashes.hash,
    ...(hashes.asked !== undefined && { asked: hashes.asked }),
    ...(how.undoes && { undoes: how.undoes }),
    ...(how.mode === 'send' && { mode: 'send' }),
  });
  const command: OpenCommand = {
    n,
    path,
    command: contract.name,
    input: data,
    version,
    inputRef: undefined,
    hash: hashes.hash,
    ...(wireHash !== undefined && { wireHash }),
    mode: how.mode,
    stands: how.stands,
    attempt: 1,
    retries: how.retries,
    since: how.since,
    due: Math.min(image.clock + how.timeoutMs, how.deadline),
    deadline: how.deadline,
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
  if (!run.expected) command.inputRef = offload(run, data);
  image.commands.set(n, command);
  return command;
};

/** The end of `within` of an undo, also of one that an older build has sent without a deadline. */
export const endOfUndo = (run: ProcessRun, { command, deadline, since }: OpenCommand): number =>
  deadline ?? since + contractOf(run, command).retry.withinMs;

/** No re-send is later than this after the one before. */
const RESEND_INTERVAL_MAX_MS = 43_200_000;

/**
 * Sends it again under the same id: only the attempt changes, so the service's record protects the effect. A re-send only replaces a lost
 * message, since the service itself repeats its runs; so the intervals between them grow.
 */
export const sendAgain = (run: ProcessRun, command: OpenCommand, intervalMs = longer(command)): void => {
  command.attempt += 1;
  command.cause = run.carrier.cause;
  command.messageId = run.carrier.messageId;
  command.intervalMs = intervalMs;
  const limit = command.settling ? (command.settleBy ?? Infinity) : deadlineOf(command);
  command.due = Math.min(run.image.clock + intervalMs, limit);
};

const longer = ({ timeoutMs, intervalMs = timeoutMs }: OpenCommand): number =>
  Math.max(timeoutMs, Math.min(2 * intervalMs, RESEND_INTERVAL_MAX_MS));

/**
 * Makes the outcome of an open command definite: it is sent again past its deadline. A definite answer is waited for one time-out after
 * `within`, and no longer.
 */
export const resolveOutcome = (run: ProcessRun, command: OpenCommand, why: 'within' | 'cancelled'): void => {
  const { clock } = run.image;
  command.settling = why;
  command.settleBy = (why === 'within' ? clock : Math.max(clock, deadlineOf(command))) + command.timeoutMs;
  sendAgain(run, command, command.timeoutMs);
};

/**
 * A call that is no longer wanted is settled where its success would have to be undone, else forgotten. One whose outcome is unknown
 * already is not asked again: it is unresolved.
 */
export const cancelCall = (run: ProcessRun, step: CallStep): void => {
  const command = run.image.commands.get(step.n);
  step.scope.open.delete(step);
  if (!command) {
    clearTimer(run, step.n);
    run.steps.delete(step.n);
  } else if (step.undoable && decidedByLimit(run, 'CommandGivenUp', step.path, () => command.unknown !== undefined)) {
    giveUp(run, command, true);
  } else if (step.undoable || command.deferred) {
    step.scope.cleanups += 1;
    resolveOutcome(run, command, 'cancelled');
  } else {
    journal(run, { type: 'CommandAbandoned', n: step.n, path: step.path });
    run.image.commands.delete(step.n);
    run.steps.delete(step.n);
  }
};

/**
 * What undoes a completed command (S1). Its input is made when the undo is issued, from the real output, and never once more: a contract
 * that changes meanwhile counts for an undo that is still to be issued, and not for one that is.
 */
export const undoItem = (
  run: ProcessRun,
  command: Pick<OpenCommand, 'n' | 'command' | 'input' | 'version' | 'path'>,
  output: Json,
  id = `${run.image.pid}/${run.image.run}/${command.n}`,
): Extract<UndoItem, { kind: 'command' }> => {
  const { command: completed, path } = command;
  const item = { kind: 'command', order: run.position, undoes: id, completed, sent: sentOf(command), output, path } as const;
  // A mapper at fault is found with the answer, not years later.
  if (!run.expected) madeUndo(run, item);
  return item;
};

type Undo = NonNullable<CommandContract['undo']>;

interface MadeUndo {
  readonly command: string;
  readonly sent: SentValue;
}

/** By the contract of now: what was sent by an earlier one is read as its newest version. The answer is of the newest already. */
const madeUndo = (run: ProcessRun, { completed, sent, output }: Extract<UndoItem, { kind: 'command' }>): MadeUndo => {
  const { undo, input, output: answer } = contractOf(run, completed);
  if (!undo) return refuse(run, 'POISON', `${completed} completed and must be undone, but its contract declares no undo any more.`);
  const { input: schema } = contractOf(run, undo.command);
  const what = `the input of ${undo.command}, which undoes ${completed},`;
  try {
    const made = undo.input(parseStored(input, sent.data, sent.version) as never, parseStored(answer, output, versionOf(answer)) as never);
    return { command: undo.command, sent: sentFirst(schema, parseGiven(schema, made, what)) };
  } catch (error) {
    // Also where user code, which asked for the undo, catches it.
    poison(run, error);
    throw error;
  }
};

/** An undo in the journal was made once; its input is in the head as long as it is sent. */
const recordedUndo = (run: ProcessRun, { completed }: Extract<UndoItem, { kind: 'command' }>, path: string): MadeUndo => {
  const recorded = run.expected?.recorded('CommandIssued', path);
  const command = recorded?.type === 'CommandIssued' ? recorded.command : (contractOf(run, completed).undo as Undo).command;
  return { command, sent: { data: null } };
};

export const contractOf = (run: ProcessRun, name: string): CommandContract => {
  const contract = run.environment.commands.get(name);
  return contract ?? refuse(run, 'UNKNOWN_SERVICE', `${name} is not a command of this system's services.`);
};

/** The contract of a command that user code names, as this system lists it. */
export const listedContract = (run: ProcessRun, named: CommandContract): CommandContract =>
  run.environment.commands.get(named.name) ?? run.environment.unlisted?.(named) ?? contractOf(run, named.name);
