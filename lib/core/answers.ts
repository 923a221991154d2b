import { CommandExhausted, CommandFailed, type Failure } from '../contract/errors.ts';
import type { FailureData } from '../contract/envelope.ts';
import type { Json } from '../contract/schema.ts';
import { deadlineOf, type OpenCommand } from './image.ts';
import { contractOf, issueFor, undoItem } from './issue.ts';
import type { Fact } from './journal-entry.ts';
import { backoffMs } from './retry.ts';
import { touch, type CallStep, type Run } from './run.ts';
import { setTimer } from './timers.ts';
import { startRequested, undoAnswered, undoBeside, undoFailed } from './undoing.ts';

/** What a decider hears, which has no steps. */
export interface Heard {
  readonly command: string;
  readonly value: Json | Failure;
}

/** Applies the answer to an open command. Its output has been parsed. Returns what nobody awaited. */
export const applyAnswer = (run: Run, fact: Extract<Fact, { type: 'CommandAnswered' }>): Heard | undefined => {
  const command = run.image.commands.get(fact.n);
  if (!command) return undefined;
  if (fact.outcome === 'deferred') {
    command.deferred = true;
    // One that is being settled is asked again until its outcome is definite.
    if (!command.settling) command.due = Math.min(deadlineOf(command), run.image.clock + (command.heartbeatMs ?? Infinity));
    return undefined;
  }
  if (fact.outcome === 'unknown') return unknownOutcome(run, command);
  run.image.commands.delete(fact.n);
  if (command.mode === 'undo') {
    if (fact.outcome === 'completed') undoAnswered(run, command);
    else undoFailed(run, command, fact);
    return undefined;
  }
  const step = run.steps.get(fact.n);
  run.steps.delete(fact.n);
  return step?.kind === 'call' ? answerStep(run, step, command, fact) : answerNobody(run, command, fact);
};

/** `unknown` decides nothing: a person must find out. What an async process only sent is let go, its answer was never awaited. */
const unknownOutcome = (run: Run, command: OpenCommand): undefined => {
  if (command.mode === 'send' && run.definition.kind === 'async') {
    run.image.commands.delete(command.n);
    return;
  }
  command.due = Infinity;
  const code = command.mode === 'undo' ? 'COMPENSATION' : 'UNKNOWN_OUTCOME';
  run.stuck = { code, n: command.n, message: `${command.command} may or may not have happened: its service cannot tell.` };
};

type Answer = Extract<Fact, { type: 'CommandAnswered' }>;

const answerStep = (run: Run, step: CallStep, command: OpenCommand, fact: Answer): undefined => {
  if (command.settling === 'cancelled') {
    endCancelled(run, step, command, fact);
    return;
  }
  if (fact.outcome === 'completed') {
    complete(run, step, command, fact.data ?? null);
    return;
  }
  if (fact.outcome === 'failed' && fact.retryable && !command.settling && !exhausted(run, command)) {
    retryLater(run, step, command);
    return;
  }
  const failure = failureOf(command, fact);
  end(step);
  if (step.returnsFailure && failure.code === 'COMMAND_FAILED') run.outcomes.push({ kind: 'fulfil', step, value: failure });
  else run.outcomes.push({ kind: 'reject', step, failure });
  touch(run, step.scope);
};

const end = (step: CallStep): void => {
  step.status = 'settled';
  step.scope.open.delete(step);
};

const complete = (run: Run, step: CallStep, command: OpenCommand, output: Json): void => {
  const item = step.undoable && !step.detached ? undoItem(run, command, output) : undefined;
  step.item = item;
  if (item) step.scope.list.push(item);
  end(step);
  run.outcomes.push({ kind: 'fulfil', step, value: output });
  touch(run, step.scope);
};

/** The process was told that this is over. A success is undone beside it; anything else needs nothing. */
const endCancelled = (run: Run, step: CallStep, command: OpenCommand, fact: Answer): void => {
  if (fact.outcome === 'completed' && step.undoable) undoBeside(run, step.scope, [undoItem(run, command, fact.data ?? null)]);
  step.scope.cleanups -= 1;
  startRequested(run, step.scope);
  touch(run, step.scope);
};

/** How often this step was tried, under this number and under others. */
const triesOf = (command: OpenCommand): number => command.retries + command.attempt;

const exhausted = (run: Run, command: OpenCommand): boolean =>
  triesOf(command) >= (command.attemptsMax ?? Infinity) || run.image.clock >= deadlineOf(command);

/** Nothing has happened for certain, so the next try may have a number of its own. */
const retryLater = (run: Run, step: CallStep, command: OpenCommand): void => {
  const pause = backoffMs(step.policy.retry, triesOf(command), `${run.image.run}/${command.n}`);
  const due = Math.min(run.image.clock + pause, deadlineOf(command));
  step.n = setTimer(run, `${step.path}/retry`, due, 'retry');
  step.retry = { retries: triesOf(command), since: command.since };
  run.steps.set(step.n, step);
};

/** The pause before the next try is over. */
export const retryNow = (run: Run, step: CallStep): void => {
  const { retries, since } = step.retry as NonNullable<CallStep['retry']>;
  step.retry = undefined;
  issueFor(run, step, contractOf(run, step.command), retries, since);
};

const failureOf = (command: OpenCommand, fact: Answer): CommandFailed | CommandExhausted => {
  if (fact.outcome === 'cancelled' || fact.retryable) {
    const outcome = fact.outcome === 'cancelled' ? 'cancelled' : 'failed';
    return new CommandExhausted({ command: command.command, attempts: triesOf(command), outcome });
  }
  const { type, message, data } = fact.data as unknown as FailureData;
  return new CommandFailed({ command: command.command, type, message, data });
};

/** A sent command, or one of a decider: retried at once under a new number after a definite technical failure. */
const answerNobody = (run: Run, command: OpenCommand, fact: Answer): Heard | undefined => {
  if (fact.outcome === 'completed') return { command: command.command, value: fact.data ?? null };
  if (fact.outcome === 'failed' && fact.retryable && !command.settling && !exhausted(run, command)) {
    const contract = contractOf(run, command.command);
    const n = setTimer(
      run,
      `${command.path}/retry`,
      run.image.clock + backoffMs(contract.retry, triesOf(command), `${run.image.run}/${command.n}`),
      'retry',
    );
    run.image.resends.set(n, { ...command, retries: triesOf(command) });
    return undefined;
  }
  const value = failureOf(command, fact);
  if (value.code === 'COMMAND_FAILED' || run.definition.kind === 'async') return { command: command.command, value };
  // No handler hears of an exhaustion, so a decider needs a person (api 5).
  run.image.commands.set(command.n, { ...command, due: Infinity });
  run.stuck = { code: value.code, n: command.n, definite: true, message: value.message };
  return undefined;
};
