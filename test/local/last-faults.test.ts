import { expect, test } from 'vitest';
import { LastFaults } from '../../lib/local/last-faults.ts';

const COMMAND = { messageId: 'm-1', commandId: 'default#job#a/r/1', message: 'this build of job does not reach the step pay' };

test('why gets the reason for which this build cannot run a step, until a run of the step throws', () => {
  const faults = new LastFaults();
  faults.note({ ...COMMAND, kind: 'held' });
  expect(faults.textOf(COMMAND.commandId)).toBe(COMMAND.message);
  faults.note({ ...COMMAND, kind: 'handler-failed', cause: new Error('no answer') });
  expect(faults.textOf(COMMAND.commandId)).toContain('its last run threw Error: no answer');
  faults.note({ ...COMMAND, kind: 'lease-lost' });
  expect(faults.textOf(COMMAND.commandId)).toContain('no answer');
});

test('why gets nothing of a command that no run has failed', () => {
  const faults = new LastFaults();
  faults.note({ ...COMMAND, kind: 'fault' });
  expect(faults.textOf(COMMAND.commandId)).toBeUndefined();
});

test('why gets the time at which a command with limits runs, and a run that throws after it replaces it', () => {
  const faults = new LastFaults();
  const message = 'payments.charge runs at 2026-11-21T10:01:00.000Z: it waits for its limit of 1 per minute';
  faults.note({ ...COMMAND, message, kind: 'limited' });
  expect(faults.textOf(COMMAND.commandId)).toBe(message);
  faults.note({ ...COMMAND, kind: 'handler-failed', cause: new Error('no answer') });
  expect(faults.textOf(COMMAND.commandId)).toContain('no answer');
});
