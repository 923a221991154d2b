import { AssertionError } from 'node:assert/strict';
import { nameOf } from '../client/instance.ts';
import { stuckRemedy } from '../client/operations/stuck-remedy.ts';
import { OrchestratorError, PROCESS_BUG_REMEDIES, ProcessBug, type ProcessBugCode } from '../contract/errors.ts';
import { isClosed, type StuckReason } from '../core/image.ts';
import { decodeHead } from '../format/head-codec.ts';
import type { Head } from '../ports/process-store.ts';
import type { WorldState } from './world-state.ts';

/** The expectation of a test that an instance gets stuck. */
interface Expected {
  readonly code: string | undefined;
  /** Whether the instance got stuck, as expected. */
  met: boolean;
}

/** Instances that are stuck although the test does not expect it. Each fails one call: a test that catches it can continue, for example with a resume. */
export class StuckInstances {
  readonly #state: WorldState;
  readonly #expected = new Map<string, Expected>();
  /** By pid: the stuck reason that has failed a call. */
  readonly #reported = new Map<string, string>();

  constructor(state: WorldState) {
    this.#state = state;
  }

  expect(pid: string, code: string | undefined): void {
    this.#expected.set(pid, { code, met: false });
  }

  /** `faultOf`: the last error of a command's handler. */
  take(faultOf: (commandId: string) => string | undefined): Error[] {
    const errors: Error[] = [];
    for (const head of this.#state.heads.resident()) {
      const error = head.status === 'stuck' ? this.#stuck(head, faultOf) : this.#other(head);
      if (error) errors.push(error);
    }
    return errors;
  }

  #stuck(head: Head, faultOf: (commandId: string) => string | undefined): Error | undefined {
    const { pid, run } = head;
    const { stuck: reason = { code: 'POISON', message: 'no reason was recorded' } } = decodeHead(head);
    const expected = this.#expected.get(pid);
    if (expected && (expected.code === undefined || expected.code === reason.code)) {
      expected.met = true;
      return undefined;
    }
    const why = `${run} ${reason.code} ${reason.message}`;
    if (this.#reported.get(pid) === why) return undefined;
    this.#reported.set(pid, why);
    const fault = reason.n === undefined ? undefined : faultOf(`${pid}/${run}/${reason.n}`);
    return stuckError(pid, reason, fault);
  }

  #other({ pid, status }: Head): Error | undefined {
    this.#reported.delete(pid);
    const expected = this.#expected.get(pid);
    if (!expected || expected.met || status === 'early' || !isClosed(status)) return undefined;
    this.#expected.delete(pid);
    const code = expected.code === undefined ? '' : ` (${expected.code})`;
    return new AssertionError({ message: `${nameOf(pid)} was expected to get stuck${code}, and is ${status}.`, operator: 'expectStuck' });
  }
}

function stuckError(pid: string, { code, message }: StuckReason, fault: string | undefined): Error {
  const [process = '', id = ''] = nameOf(pid).split(' ');
  const cause = message.endsWith('.') ? message.slice(0, -1) : message;
  const text = `${nameOf(pid)} is stuck (${code}): ${cause}${fault === undefined ? '' : `; ${fault}`}. If the test expects it, call world.expectStuck(${process}, '${id}', '${code}') first.`;
  return Object.hasOwn(PROCESS_BUG_REMEDIES, code)
    ? new ProcessBug(code as ProcessBugCode, text)
    : new OrchestratorError(code, text, { retryable: false, remedy: stuckRemedy(code) });
}
