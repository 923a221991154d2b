import { expect, it } from 'vitest';
import { noticeLine } from '../../lib/service/notice-line.ts';
import { RetryAfter } from '../../lib/service/task.ts';

const notice = { kind: 'handler-failed', messageId: 'm-1', commandId: 'c-1', message: 'connect ECONNREFUSED' } as const;

const NOW = Date.parse('2026-01-01T00:00:00.000Z');

it('a notice is one line of JSON that says when what happened to which command, and where', () => {
  const line = noticeLine('payments', { ...notice, cause: new Error('connect ECONNREFUSED') }, NOW) as string;
  expect(line).not.toContain('\n');
  expect(JSON.parse(line)).toEqual({
    timestamp: '2026-01-01T00:00:00.000Z',
    level: 'warn',
    service: 'payments',
    kind: 'handler-failed',
    messageId: 'm-1',
    commandId: 'c-1',
    message: 'connect ECONNREFUSED',
    at: expect.stringContaining('notice-line.test.ts') as string,
  });
});

it('a text of somebody else is cut short, and what nobody will do again is an error', () => {
  const line = JSON.parse(noticeLine('payments', { ...notice, kind: 'gave-up', message: 'x'.repeat(5000) }, NOW) as string) as object;
  expect(line).toMatchObject({ level: 'error', message: 'x'.repeat(1000) });
});

it('there is no line for a run that its handler has put off itself', () => {
  expect(noticeLine('payments', { ...notice, cause: new RetryAfter(1000, 'rate limited') }, NOW)).toBeUndefined();
});
