import type { CommandContract, RetryPolicy } from '../contract/runtime-contract.ts';
import { parse, type Json } from '../contract/schema.ts';
import { deadlineOf, OPEN_MAX, type OpenCommand, type Pauses } from './image.ts';
import { refuse } from './bug.ts';
import { fullHash, journal, offload, SHORT_HASH_LENGTH } from './journal.ts';
import { UNDO_ATTEMPTS_MAX } from './retry.ts';
import type { CallPolicy, CallStep, Run, Scope, UndoItem } from './run.ts';
import { nextPath, rejectIfCancelled } from './run.ts';
import { allocate, clearTimer } from './timers.ts';

/** `ctx.call` and `ctx.try`: a command whose answer the process awaits. `input` has been parsed. */
export const callCommand = (run: Run, scope: Scope, contract: CommandContract, input: Json, policy: CallPolicy): CallStep => {
  const step: CallStep = {
    kind: 'call',
    path: nextPath(scope, contract.name),
    scope,
    status: 'open',
    resolver: undefined,
    n: 0,
    command: contract.name,
    input,
    returnsFailure: policy.returnsFailure,
    undoable: policy.undo && contract.undo !== undefined,
    policy,
    detached: false,
    item: undefined,
  };
  if (rejectIfCancelled(run, step)) return step;
  scope.open.add(step);
  issueFor(run, step, contract, 0, run.image.clock);
  return step;
};

export const issueFor = (run: Run, step: CallStep, contract: CommandContract, retries: number, since: number): void => {
  const { timeoutMs, retry } = step.policy;
  const deadline = since + retry.withinMs;
  const command = issue(run, contract, step.path, step.input, {
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
export const sendCommand = (
  run: Run,
  scope: Scope,
  contract: CommandContract,
  input: Json,
  retries = 0,
  since = run.image.clock,
  path = nextPath(scope, contract.name),
): void => {
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

/** The command that undoes another; it is sent until it is answered (S4). */
export const issueUndo = (run: Run, item: Extract<UndoItem, { kind: 'command' }>, retries: number): OpenCommand => {
  const contract = contractOf(run, item.command);
  return issue(run, contract, `${item.path}/undo`, item.input, {
    mode: 'undo',
    retries,
    since: run.image.clock,
    timeoutMs: contract.timeoutMs,
    attemptsMax: UNDO_ATTEMPTS_MAX,
    undoes: item.undoes,
  });
};

type Issue = Pick<OpenCommand, 'mode' | 'retries' | 'since' | 'timeoutMs' | 'stands' | 'pauses'> & {
  deadline?: number;
  attemptsMax?: number;
  undoes?: string;
};

const issue = (run: Run, contract: CommandContract, path: string, input: Json, how: Issue): OpenCommand => {
  const { image } = run;
  const n = allocate(run, 'CommandIssued', path);
  if (image.commands.size >= OPEN_MAX)
    refuse(
      run,
      'SIZE',
      `${image.pid} has ${OPEN_MAX} open commands and issues one more, ${contract.name}: at most ${OPEN_MAX} may be open at a time.`,
    );
  const wireHash = fullHash(run, input);
  const hash = wireHash.slice(0, SHORT_HASH_LENGTH);
  journal(run, {
    type: 'CommandIssued',
    n,
    path,
    command: contract.name,
    hash,
    ...(how.undoes && { undoes: how.undoes }),
    ...(how.mode === 'send' && { mode: 'send' }),
  });
  const command: OpenCommand = {
    n,
    path,
    command: contract.name,
    input,
    inputRef: undefined,
    hash,
    wireHash,
    mode: how.mode,
    stands: how.stands,
    attempt: 1,
    retries: how.retries,
    since: how.since,
    due: Math.min(image.clock + how.timeoutMs, how.deadline ?? Infinity),
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
  if (!run.expected) command.inputRef = offload(run, input);
  image.commands.set(n, command);
  return command;
};

/** Sends it again under the same id: only the attempt changes, so the service's record protects the effect. */
export const sendAgain = (run: Run, command: OpenCommand): void => {
  command.attempt += 1;
  command.cause = run.carrier.cause;
  command.messageId = run.carrier.messageId;
  const due = run.image.clock + command.timeoutMs;
  command.due = command.settling || command.deadline === undefined ? due : Math.min(due, command.deadline);
};

/** Makes the outcome of an open command definite: it is sent again past its deadline. */
export const settle = (run: Run, command: OpenCommand, why: 'within' | 'cancelled'): void => {
  command.settling = why;
  sendAgain(run, command);
};

/** An attempt has gone unanswered for its time-out, or `within` has ended. */
export const attemptTimedOut = (run: Run, n: number): void => {
  const command = run.image.commands.get(n);
  if (!command) return;
  const exhausted = command.retries + command.attempt >= (command.attemptsMax ?? Infinity);
  if (command.mode === 'undo' && exhausted) {
    command.due = Infinity;
    run.stuck = {
      code: 'COMPENSATION',
      n,
      message: `${command.command} was sent ${command.retries + command.attempt} times without an answer; it undoes ${String(command.undoes)}.`,
    };
  } else if (!command.settling && command.mode !== 'undo' && (exhausted || command.deferred || run.image.clock >= deadlineOf(command)))
    settle(run, command, 'within');
  else sendAgain(run, command);
};

/** Lets go of a call that is no longer wanted: settled where its success would have to be undone, else forgotten. */
export const cancelCall = (run: Run, step: CallStep): void => {
  const command = run.image.commands.get(step.n);
  step.scope.open.delete(step);
  if (!command) {
    clearTimer(run, step.n);
    run.steps.delete(step.n);
  } else if (step.undoable || command.deferred) {
    step.scope.cleanups += 1;
    settle(run, command, 'cancelled');
  } else {
    journal(run, { type: 'CommandAbandoned', n: step.n, path: step.path });
    run.image.commands.delete(step.n);
    run.steps.delete(step.n);
  }
};

/** The undo of a completed command, its input made from the real output. */
export const undoItem = (
  run: Run,
  command: Pick<OpenCommand, 'n' | 'command' | 'input' | 'path'>,
  output: Json,
  id = `${run.image.pid}/${run.image.run}/${command.n}`,
): Extract<UndoItem, { kind: 'command' }> => {
  const { undo } = contractOf(run, command.command);
  if (!undo) return refuse(run, 'POISON', `${command.command} completed and must be undone, but its contract declares no undo any more.`);
  const made = undo.input(command.input as never, output as never);
  const input = parse(contractOf(run, undo.command).input, made, `the input of ${undo.command}, which undoes ${command.command},`);
  return { kind: 'command', order: run.position, undoes: id, command: undo.command, input, path: command.path };
};

export const contractOf = (run: Run, name: string): CommandContract => {
  const contract = run.environment.commands.get(name);
  return contract ?? refuse(run, 'UNKNOWN_SERVICE', `${name} is not a command of this system's services.`);
};

/** The contract of a command that user code names, as this system lists it. */
export const listedContract = (run: Run, named: CommandContract): CommandContract =>
  run.environment.commands.get(named.name) ?? run.environment.unlisted?.(named) ?? contractOf(run, named.name);
