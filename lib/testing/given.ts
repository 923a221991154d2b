import assert from 'node:assert/strict';
import { PROCESS_BUG_REMEDIES, ProcessBug, type ProcessBugCode } from '../contract/errors.ts';
import { processContract, type AnyProcess } from '../contract/process-contract.ts';
import { consequenceText, type Consequence } from './consequence.ts';
import { expectationParts, type Expectation, type ExpectationParts } from './expectation.ts';
import { factParts, type Fact } from './fact.ts';
import { RehearsedFacts } from './rehearsed-facts.ts';

/** The result of `given`. The last method is `expect`, because `await` would call a method named `then`. */
export interface Given {
  when(...facts: Fact[]): { expect(...expectations: Expectation[]): Promise<void> };
}

/**
 * Applies the given facts to one process or decider. `when` applies new facts, and `expect` compares all their consequences, in order.
 * @example import { answered, calls, given, happened } from 'tutti/testing'; await given(bookTrip, happened(Checkout, cart)).when(answered(payments.charge, receipt)).expect(calls(flights.book));
 */
export function given(process: AnyProcess, ...before: Fact[]): Given {
  return {
    when: (...facts) => ({
      expect: async (...expectations) => {
        const rehearsal = new RehearsedFacts(processContract(process));
        for (const fact of before) await rehearsal.apply(factParts(fact));
        refuseBug(process.name, rehearsal.consequences);
        rehearsal.consequences = [];
        for (const fact of facts) await rehearsal.apply(factParts(fact));
        compare(process.name, expectations.map(expectationParts), rehearsal.consequences);
      },
    }),
  };
}

/** A bug of the process during the given facts is reported at once, not as a missing consequence later. */
function refuseBug(name: string, consequences: readonly Consequence[]): void {
  for (const consequence of consequences) {
    if (consequence.kind !== 'isStuck' || !Object.hasOwn(PROCESS_BUG_REMEDIES, consequence.code)) continue;
    throw new ProcessBug(consequence.code as ProcessBugCode, `${name} failed on the given facts: ${consequence.message}`);
  }
}

function compare(name: string, wanted: readonly ExpectationParts[], got: readonly Consequence[]): void {
  const expected = wanted.filter((each) => each.none !== true);
  if (expected.length === got.length && expected.every((each, index) => each.matches(got[index] as Consequence))) return;
  const lines = diff(expected, got);
  throw new assert.AssertionError({
    message: `${name} did not decide what was expected:\n${lines.join('\n')}`,
    // A match has the same text on both sides, so that the diff of a test runner shows only the differences.
    expected: expected.map((each, index) => (got[index] && each.matches(got[index]) ? consequenceText(got[index]) : each.text)),
    actual: got.map(consequenceText),
    operator: 'given',
  });
}

const NOTHING = 'nothing()';

function diff(expected: readonly ExpectationParts[], got: readonly Consequence[]): string[] {
  const lines = ['  (- expected, + decided)'];
  for (let index = 0; index < Math.max(expected.length, got.length); index += 1) {
    const [wanted, found] = [expected[index], got[index]];
    if (wanted && found && wanted.matches(found)) lines.push(`    ${consequenceText(found)}`);
    else lines.push(...(wanted ? [`  - ${wanted.text}`] : []), ...(found ? [`  + ${consequenceText(found)}`] : []));
  }
  if (expected.length === 0) lines.splice(1, 0, `  - ${NOTHING}`);
  return got.length > 0 ? lines : [...lines, `  + ${NOTHING}`];
}
