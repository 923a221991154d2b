import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  Cancelled,
  CLIENT_REMEDIES,
  ClientError,
  CommandExhausted,
  CommandFailed,
  CONTRACT_REMEDIES,
  DATA_LOSS_REMEDIES,
  DataLost,
  ContractError,
  isCommandFailed,
  isFailure,
  isOrchestratorError,
  isProcessFailed,
  OrchestratorError,
  PROCESS_BUG_REMEDIES,
  ProcessBug,
  ProcessFailed,
  type ClientCode,
  type ContractCode,
  type DataLossCode,
  type Failure,
  type ProcessBugCode,
} from '../../lib/contract/errors.ts';
import { failureFromJson, failureToJson } from '../../lib/contract/wire/failure-json.ts';

const declined = new CommandFailed({ command: 'payments.charge', type: 'CardDeclined', data: { reason: 'expired' } });
const exhausted = new CommandExhausted({ command: 'flights.book', attempts: 7, outcome: 'cancelled' });
const untold = new CommandExhausted({
  command: 'flights.book',
  attempts: 2,
  outcome: 'unknown',
  lastError: { code: 'Error', message: 'ECONNREFUSED' },
});
const lost = new ProcessFailed({ process: 'pay-driver', type: 'Other', data: { reason: 'no driver' }, message: 'No driver was found.' });
const cancelled = new Cancelled({ reason: 'lost-race', details: { winner: 'packed' } });
const failures: readonly Failure[] = [declined, exhausted, untold, lost, cancelled];

describe('each class', () => {
  test('CommandFailed has the command, the type and the data of the failure', () => {
    expect(declined).toMatchObject({
      code: 'COMMAND_FAILED',
      command: 'payments.charge',
      type: 'CardDeclined',
      data: { reason: 'expired' },
      retryable: false,
    });
    expect(declined.message).toBe('payments.charge failed with CardDeclined.');
    expect(declined.name).toBe('CommandFailed');
  });

  test('CommandExhausted has the number of attempts and the outcome', () => {
    expect(exhausted).toMatchObject({
      code: 'COMMAND_EXHAUSTED',
      command: 'flights.book',
      attempts: 7,
      outcome: 'cancelled',
      retryable: false,
    });
    expect(exhausted.message).toBe('flights.book was cancelled after 7 attempts: its retry limits are used up.');
    expect(new CommandExhausted({ command: 'a.b', attempts: 1, outcome: 'failed' }).message).toBe(
      'a.b failed after 1 attempt: its retry limits are used up.',
    );
    expect(untold.lastError).toEqual({ code: 'Error', message: 'ECONNREFUSED' });
    expect(untold.message).toBe(
      'flights.book may or may not have happened after 2 attempts: its retry limits are used up. The last error was Error: ECONNREFUSED',
    );
  });

  test('ProcessFailed keeps a given message', () => {
    expect(lost).toMatchObject({ code: 'PROCESS_FAILED', process: 'pay-driver', type: 'Other', data: { reason: 'no driver' } });
    expect(lost.message).toBe('No driver was found.');
  });

  test('Cancelled has its reason', () => {
    expect(cancelled).toMatchObject({ code: 'CANCELLED', reason: 'lost-race', details: { winner: 'packed' } });
    expect(cancelled.message).toBe('Cancelled: another branch of its race won.');
  });

  test.each(Object.keys(CONTRACT_REMEDIES) as ContractCode[])('ContractError %s is not retryable and carries its remedy', (code) => {
    expect(new ContractError(code, 'x')).toMatchObject({
      name: 'ContractError',
      code,
      retryable: false,
      remedy: CONTRACT_REMEDIES[code],
      details: null,
    });
  });

  test.each(Object.keys(PROCESS_BUG_REMEDIES) as ProcessBugCode[])('ProcessBug %s is not retryable and carries its remedy', (code) => {
    expect(new ProcessBug(code, 'x')).toMatchObject({ name: 'ProcessBug', code, retryable: false, remedy: PROCESS_BUG_REMEDIES[code] });
  });

  test.each(Object.keys(CLIENT_REMEDIES) as ClientCode[])(
    'ClientError %s carries its remedy and is retryable if the fault may be temporary',
    (code) => {
      const retryable = code === 'TIMED_OUT' || code === 'UNREACHABLE' || code === 'DISK_FULL';
      expect(new ClientError(code, 'x')).toMatchObject({ name: 'ClientError', code, retryable, remedy: CLIENT_REMEDIES[code] });
    },
  );

  test.each(Object.keys(DATA_LOSS_REMEDIES) as DataLossCode[])('DataLost %s is retryable and carries its remedy', (code) => {
    expect(new DataLost(code, 'x')).toMatchObject({ name: 'DataLost', code, retryable: true, remedy: DATA_LOSS_REMEDIES[code] });
  });

  test('OrchestratorError keeps its cause and a given remedy', () => {
    const cause = new RangeError('inner');
    const error = new ContractError('DATA_INVALID', 'x', { cause, remedy: 'Do this.' });
    expect(error).toBeInstanceOf(OrchestratorError);
    expect(error.cause).toBe(cause);
    expect(error.remedy).toBe('Do this.');
    expect(Object.hasOwn(new ContractError('DATA_INVALID', 'x'), 'cause')).toBe(false);
  });
});

describe('guards', () => {
  test('a failure of another copy of the package is recognized by its brand', () => {
    const foreign = Object.create({ [Symbol.for('tutti.error')]: true }, { code: { value: 'COMMAND_FAILED' } }) as unknown;
    expect(foreign).not.toBeInstanceOf(OrchestratorError);
    expect(isCommandFailed(foreign)).toBe(true);
    expect(isFailure(foreign)).toBe(true);
  });

  test('a value that only looks like a failure is not a failure', () => {
    for (const value of [undefined, null, 'COMMAND_FAILED', { code: 'COMMAND_FAILED' }, new Error('COMMAND_FAILED')]) {
      expect(isOrchestratorError(value)).toBe(false);
      expect(isFailure(value)).toBe(false);
    }
  });

  test('guards distinguish failures from bugs and from each other', () => {
    expect(failures.map(isFailure)).toEqual([true, true, true, true, true]);
    expect(failures.map(isCommandFailed)).toEqual([true, false, false, false, false]);
    expect(failures.map(isProcessFailed)).toEqual([false, false, false, true, false]);
    expect(isFailure(new ProcessBug('POISON', 'x'))).toBe(false);
  });
});

describe('failures in a journal', () => {
  test.each(failures.map((failure): [string, Failure] => [failure.code, failure]))(
    '%s is equal after it was written and read',
    (_code, failure) => {
      const back = failureFromJson(JSON.parse(JSON.stringify(failureToJson(failure))));
      expect({ ...back, message: back.message, name: back.name }).toEqual({ ...failure, message: failure.message, name: failure.name });
      expect(failureToJson(back)).toEqual(failureToJson(failure));
    },
  );

  test('JSON that is not a written failure is refused', () => {
    for (const json of [null, 'x', [], {}, { code: 'POISON' }]) {
      expect(() => failureFromJson(json)).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }));
    }
  });
});

// test/tidy/tidy.test.ts checks that the page has one entry per code.
describe('docs/errors.md', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const remedies = { ...CONTRACT_REMEDIES, ...PROCESS_BUG_REMEDIES, ...CLIENT_REMEDIES, ...DATA_LOSS_REMEDIES };

  test.each(Object.entries(remedies))('has the same remedy of %s as the error', (code, remedy) => {
    const entry = page.slice(page.indexOf(`\n## ${code}\n`)).split('\n## ')[1] ?? '';
    expect(entry.replaceAll(/\s+/g, ' ')).toContain(`Remedy: ${remedy}`);
    expect(entry).toContain('Why: ');
  });
});
