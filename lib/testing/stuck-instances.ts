import { AssertionError } from 'node:assert/strict';
import { nameOf } from '../client/instance.ts';
import { stuckRemedy } from '../client/operations/stuck-remedy.ts';
import { OrchestratorError, PROCESS_BUG_REMEDIES, ProcessBug, type ProcessBugCode } from '../contract/errors.ts';
import { isClosed, type StuckReason } from '../core/image.ts';
import { decodeHead } from '../format/head-codec.ts';
import type { Head } from '../ports/process-store.ts';
import type { WorldState } from './world-state.ts';

/** A test says so of an instance that is to get stuck. */
interface Expected {
  readonly code: string | undefined;
  /** It was stuck, as expected. */
  met: boolean;
}

/** Instances that are stuck although no test has asked for it. Each fails one call: a test that caught it goes on, for instance with a resume. */
export class StuckInstances {
  readonly #state: WorldState;
  readonly #expected = new Map<string, Expected>();
  /** By pid, what was told of those that are stuck. */
  readonly #told = new Map<string, string>();

  constructor(state: WorldState) {
    this.#state = state;
  }

  expect(pid: string, code: string | undefined): void {
    this.#expected.set(pid, { code, met: false });
  }

  /** `faultOf`: what the handler of a command threw last. */
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
    if (this.#told.get(pid) === why) return undefined;
    this.#told.set(pid, why);
    const fault = reason.n === undefined ? undefined : faultOf(`${pid}/${run}/${reason.n}`);
    return stuckError(pid, reason, fault);
  }

  #other({ pid, status }: Head): Error | undefined {
    this.#told.delete(pid);
    const expected = this.#expected.get(pid);
    if (!expected || expected.met || status === 'early' || !isClosed(status)) return undefined;
    this.#expected.delete(pid);
    const code = expected.code === undefined ? '' : ` (${expected.code})`;
    return new AssertionError({ message: `${nameOf(pid)} was expected to get stuck${code}, and is ${status}.`, operator: 'expectStuck' });
  }
}

const stuckError = (pid: string, { code, message }: StuckReason, fault: string | undefined): Error => {
  const [process = '', id = ''] = nameOf(pid).split(' ');
  const cause = message.endsWith('.') ? message.slice(0, -1) : message;
  const text = `${nameOf(pid)} is stuck (${code}): ${cause}${fault === undefined ? '' : `; ${fault}`}. A test that wants this calls world.expectStuck(${process}, '${id}', '${code}') before.`;
  return Object.hasOwn(PROCESS_BUG_REMEDIES, code)
    ? new ProcessBug(code as ProcessBugCode, text)
    : new OrchestratorError(code, text, { retryable: false, remedy: stuckRemedy(code) });
};
