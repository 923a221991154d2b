import { isOrchestratorError, OrchestratorError } from '../contract/errors.ts';
import type { OpenCommand } from '../core/image.ts';
import { decodeHead } from '../format/head-codec.ts';
import { thrownAt } from '../engine/user-frame.ts';
import type { ServiceNotice } from '../service/consumer/in-flight.ts';
import { isRetryAfter } from '../service/task.ts';
import { UnscriptedCommand } from './scripted.ts';
import { KilledInTransaction } from './service-worker.ts';
import type { WorldState } from './world-state.ts';

/** What a handler threw last under one command. */
interface HandlerFault {
  readonly command: string;
  readonly cause: unknown;
  /** A test was told. */
  told: boolean;
}

/**
 * What handlers threw that their contracts do not declare, and when it fails the test.
 *
 * F1 A failed assertion, and a command without a script, fail the test at once, whatever is run again.
 * F2 A bug of a handler fails the test at the end of the `settle` or `advance` that leaves its command without an answer.
 * F3 Any other error may pass, as that of a provider that is down: it fails `settle`, which lets no time pass for another run. It does not fail
 *    `advance`, nor where `retry.attempts` says how many runs may fail: then the process hears of it.
 * F4 Each fault fails one call: a test that caught it goes on.
 */
export class HandlerFaults {
  readonly #state: WorldState;
  /** The last of each command id. */
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

  /** Handlers of this command may throw what they like. */
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
    this.#faults.set(commandId, { command, cause, told: this.#expected.has(command) });
  }

  /** What must not wait for the end of the call (F1). */
  takeUrgent(): Error[] {
    return this.#urgent.splice(0);
  }

  /** What fails a `settle`. */
  takeSettled(): Error[] {
    return this.#take((fault, open) => isBug(fault.cause) || open.attemptsMax === undefined);
  }

  /** What fails an `advance`. */
  takeAdvanced(): Error[] {
    return this.#take(({ cause }) => isBug(cause));
  }

  /** The last fault of a command, to end a sentence with. */
  textOf(commandId: string): string | undefined {
    const fault = this.#faults.get(commandId);
    return fault && `its last run threw ${thrownAt(fault.cause)}`;
  }

  #take(fails: (fault: HandlerFault, open: OpenCommand) => boolean): Error[] {
    const errors: Error[] = [];
    for (const [commandId, fault] of this.#faults) {
      const open = fault.told ? undefined : this.#open(commandId);
      if (!open || !fails(fault, open)) continue;
      fault.told = true;
      errors.push(faultError(commandId, fault));
    }
    return errors;
  }

  /** The command, where its instance still waits for its answer. */
  #open(commandId: string): OpenCommand | undefined {
    const [, pid = '', run, n] = /^(.*)\/([^/]+)\/(\d+)$/.exec(commandId) ?? [];
    const head = this.#state.heads.get(pid);
    return head?.run === run && head?.status === 'running' ? decodeHead(head).commands.get(Number(n)) : undefined;
  }
}

const faultError = (commandId: string, { command, cause }: HandlerFault): OrchestratorError => {
  const error = new OrchestratorError(
    'SERVICE_FAULT',
    `The handler of ${command} threw ${thrownAt(cause)}; ${commandId} is not answered. A test that wants this calls world.expectFaults(${command}) before.`,
    {
      retryable: true,
      remedy: `Correct the handler, or its script; a test that wants it to fail calls world.expectFaults(${command}) before.`,
      cause,
    },
  );
  // A test runner shows the code at the first frame.
  const frames = cause instanceof Error ? cause.stack?.split('\n').filter((line) => line.startsWith('    at ')) : undefined;
  if (frames && frames.length > 0) error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
  return error;
};

/** What a handler throws to say how it went, or because it was told to stop. */
const isNoFault = (cause: unknown): boolean =>
  isRetryAfter(cause) ||
  cause instanceof KilledInTransaction ||
  (isOrchestratorError(cause) && (cause.code === 'NOT_DONE' || cause.code === 'CANCELLED')) ||
  (cause instanceof Error && cause.name === 'AbortError');

/** Of Node's assert, of vitest or of jest. */
const isAssertion = (cause: unknown): cause is Error =>
  cause instanceof UnscriptedCommand || (cause instanceof Error && (/AssertionError/.test(cause.name) || 'matcherResult' in cause));

/** What no other run can make right. `fetch` throws a `TypeError` too, with a cause, where nobody answers it. */
const isBug = (cause: unknown): boolean =>
  isOrchestratorError(cause) ||
  (cause instanceof Error && cause.cause === undefined && /^(?:Type|Reference|Range|Syntax)Error$/.test(cause.name));
