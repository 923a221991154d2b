import { isOrchestratorError, OrchestratorError } from '../contract/errors.ts';
import type { OpenCommand } from '../core/image.ts';
import { decodeHead } from '../format/head-codec.ts';
import { thrownAt } from '../engine/user-frame.ts';
import type { ServiceNotice } from '../service/consumer/in-flight.ts';
import { isRetryAfter } from '../service/task.ts';
import { UnscriptedCommand } from './scripted.ts';
import { KilledInTransaction } from './service-worker.ts';
import type { WorldState } from './world-state.ts';

/** The last error that the handler of one command threw. */
interface HandlerFault {
  readonly command: string;
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
  readonly #names = new Map<string, string>();
  readonly #expected = new Set<string>();
  #urgent: Error[] = [];

  constructor(state: WorldState) {
    this.#state = state;
  }

  called(command: string, commandId: string): void {
    this.#names.set(commandId, command);
  }

  /** Errors of this command's handlers do not fail the test. */
  expect(command: string): void {
    this.#expected.add(command);
  }

  report({ kind, commandId, cause }: ServiceNotice): void {
    if (kind !== 'handler-failed' || commandId === undefined || isNoFault(cause)) return;
    if (isAssertion(cause)) {
      if (!this.#urgent.some(({ message }) => message === cause.message)) this.#urgent.push(cause);
      return;
    }
    const command = this.#names.get(commandId) ?? commandId;
    this.#faults.set(commandId, { command, cause, reported: this.#expected.has(command) });
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

  /** The last fault of a command, as the end of a sentence. */
  textOf(commandId: string): string | undefined {
    const fault = this.#faults.get(commandId);
    return fault && `its last run threw ${thrownAt(fault.cause)}`;
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

function faultError(commandId: string, { command, cause }: HandlerFault): OrchestratorError {
  const error = new OrchestratorError(
    'SERVICE_FAULT',
    `The handler of ${command} threw ${thrownAt(cause)}; ${commandId} has no reply. If the test expects it, call world.expectFaults(${command}) first.`,
    {
      retryable: true,
      remedy: `Correct the handler or its script. If the test expects the error, call world.expectFaults(${command}) first.`,
      cause,
    },
  );
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
