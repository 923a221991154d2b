import { isOrchestratorError, ServiceFault } from '../contract/errors.ts';
import type { Json } from '../contract/schema.ts';
import { commandText, isOfStep, stepNameOf, stepText, type StepInput } from '../contract/steps.ts';
import type { OpenCommand } from '../core/image.ts';
import { decodeHead } from '../format/head-codec.ts';
import { thrownAt } from '../engine/user-frame.ts';
import type { ServiceNotice } from '../service/consumer/in-flight.ts';
import { isRetryAfter } from '../service/task.ts';
import { UnscriptedCommand } from './scripted.ts';
import { KilledInTransaction } from './service-worker.ts';
import type { WorldState } from './world-state.ts';

interface RunCommand {
  readonly command: string;
  readonly input: Json;
}

/** The last error that the handler of one command threw. */
interface HandlerFault extends RunCommand {
  readonly cause: unknown;
  /** The fault has failed a call, or the test expects it. */
  reported: boolean;
}

/**
 * The undeclared errors that handlers threw, and the rules by which they fail the test.
 *
 * F1 A failed assertion and a command without a script fail the test at once, even if the command is retried.
 * F2 A bug of a handler fails the test at the end of the `settle` or `advance` that leaves its command without a reply.
 * F3 Any other error may be temporary, such as a provider that is down. It fails `settle`, in which no time passes for another run. It does
 *    not fail `advance`, nor a command with `retry.attempts`, whose process gets the error when the attempts are used up.
 * F4 Each fault fails one call: a test that catches it can continue.
 */
export class HandlerFaults {
  readonly #state: WorldState;
  /** By command id: the last fault. */
  readonly #faults = new Map<string, HandlerFault>();
  readonly #run = new Map<string, RunCommand>();
  readonly #expected = new Set<string>();
  /** By command id: what a command with limits waits for. */
  readonly #waits = new Map<string, string>();
  #urgent: Error[] = [];

  constructor(state: WorldState) {
    this.#state = state;
  }

  called(command: string, commandId: string, input: Json): void {
    this.#run.set(commandId, { command, input });
  }

  /** Errors of this command's handlers, or of the step of this name or path, do not fail the test. */
  expect(name: string): void {
    this.#expected.add(name);
  }

  report({ kind, commandId, message, cause }: ServiceNotice): void {
    if (kind === 'limited' && commandId !== undefined) this.#waits.set(commandId, message);
    if (kind === 'held' && commandId !== undefined) this.#noteHeld(commandId, message);
    if (kind !== 'handler-failed' || commandId === undefined || isNoFault(cause)) return;
    if (isAssertion(cause)) {
      if (!this.#urgent.some(({ message }) => message === cause.message)) this.#urgent.push(cause);
      return;
    }
    this.#note(commandId, this.#run.get(commandId) ?? { command: commandId, input: null }, cause);
  }

  /** This build does not have the step of the command. Only a deploy changes that, so it counts as a bug (F2). */
  #noteHeld(commandId: string, message: string): void {
    const cause = new ServiceFault(message, { retryable: true, remedy: 'Deploy a build that has the step.' });
    const open = this.#open(commandId);
    if (open) this.#note(commandId, { command: open.command, input: open.input }, cause);
  }

  #note(commandId: string, { command, input }: RunCommand, cause: unknown): void {
    const step = isOfStep(command) ? (input as StepInput).step : undefined;
    const names = step === undefined ? [command] : [command, stepText(step), stepNameOf(step)];
    this.#faults.set(commandId, { command, input, cause, reported: names.some((name) => this.#expected.has(name)) });
  }

  /** The errors that fail the test at once (F1). */
  takeUrgent(): Error[] {
    return this.#urgent.splice(0);
  }

  /** The errors that fail a `settle`. */
  takeSettled(): Error[] {
    return this.#take((fault, open) => isBug(fault.cause) || open.attemptsMax === undefined);
  }

  /** The errors that fail an `advance`. */
  takeAdvanced(): Error[] {
    return this.#take(({ cause }) => isBug(cause));
  }

  /** The last fault of a command, or what it waits for, as the end of a sentence. */
  textOf(commandId: string): string | undefined {
    const fault = this.#faults.get(commandId);
    return fault ? `its last run threw ${thrownAt(fault.cause)}` : this.#waits.get(commandId);
  }

  #take(fails: (fault: HandlerFault, open: OpenCommand) => boolean): Error[] {
    const errors: Error[] = [];
    for (const [commandId, fault] of this.#faults) {
      const open = fault.reported ? undefined : this.#open(commandId);
      if (!open || !fails(fault, open)) continue;
      fault.reported = true;
      errors.push(faultError(commandId, fault));
    }
    return errors;
  }

  /** The command, if its instance still waits for the reply. */
  #open(commandId: string): OpenCommand | undefined {
    const [, pid = '', run, n] = /^(.*)\/([^/]+)\/(\d+)$/.exec(commandId) ?? [];
    const head = this.#state.heads.get(pid);
    return head?.run === run && head?.status === 'running' ? decodeHead(head).commands.get(Number(n)) : undefined;
  }
}

function faultError(commandId: string, { command, input, cause }: HandlerFault): ServiceFault {
  const named = isOfStep(command) ? `'${stepText((input as StepInput).step)}'` : command;
  const ran = isOfStep(command) ? commandText(command, '', input).replace(/^t/, 'T') : `The handler of ${command}`;
  const expecting = `If the test expects it, call world.expectFaults(${named}) first.`;
  const error = new ServiceFault(`${ran} threw ${thrownAt(cause)}; ${commandId} has no reply. ${expecting}`, {
    retryable: true,
    remedy: `Correct the handler or its script. ${expecting}`,
    cause,
  });
  // A test runner shows the source of the first frame.
  const frames = cause instanceof Error ? cause.stack?.split('\n').filter((line) => line.startsWith('    at ')) : undefined;
  if (frames && frames.length > 0) error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
  return error;
}

/** Errors that a handler throws on purpose, or because it was aborted. */
function isNoFault(cause: unknown): boolean {
  return (
    isRetryAfter(cause) ||
    cause instanceof KilledInTransaction ||
    (isOrchestratorError(cause) && (cause.code === 'NOT_DONE' || cause.code === 'CANCELLED')) ||
    (cause instanceof Error && cause.name === 'AbortError')
  );
}

/** An assertion error of Node, vitest or jest. */
function isAssertion(cause: unknown): cause is Error {
  return cause instanceof UnscriptedCommand || (cause instanceof Error && (/AssertionError/.test(cause.name) || 'matcherResult' in cause));
}

/** An error that another run cannot avoid. A `TypeError` with a cause is not a bug: `fetch` throws one when a host does not respond. */
function isBug(cause: unknown): boolean {
  return (
    isOrchestratorError(cause) ||
    (cause instanceof Error && cause.cause === undefined && /^(?:Type|Reference|Range|Syntax)Error$/.test(cause.name))
  );
}
