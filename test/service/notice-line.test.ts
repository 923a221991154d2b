import * as z from 'zod';
import { expect, test } from 'vitest';
import { parse } from '../../lib/contract/schema.ts';
import { noticeLine } from '../../lib/service/aws/notice-line.ts';
import { RetryAfter } from '../../lib/service/task.ts';

const CARD = '4111 1111 1111 1111';
const notice = { kind: 'handler-failed', messageId: 'm-1', commandId: 'c-1', message: `gateway refused card ${CARD}` } as const;
const options = { service: 'payments', now: Date.parse('2026-01-01T00:00:00.000Z') };

const thrown = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

test('a notice is one line of JSON with time, kind, command and place, and without data', () => {
  const cause = Object.assign(new Error(`gateway refused card ${CARD}\n    at ${CARD}`), { code: 'ECONNREFUSED' });
  const line = noticeLine({ ...notice, cause }, options) as string;
  expect(line).not.toContain('\n');
  expect(JSON.parse(line)).toEqual({
    timestamp: '2026-01-01T00:00:00.000Z',
    level: 'warn',
    service: 'payments',
    kind: 'handler-failed',
    messageId: 'm-1',
    commandId: 'c-1',
    code: 'ECONNREFUSED',
    at: expect.stringContaining('notice-line.test.ts') as string,
  });
});

test('a notice about data that breaks the contract names the fields', () => {
  const schema = z.object({ card: z.string().max(16), items: z.array(z.int()) });
  const cause = thrown(() => parse(schema, { card: CARD, items: [1, CARD] }, 'payments.charge was called with'));
  const line = noticeLine({ ...notice, cause }, options) as string;
  expect(line).not.toContain(CARD);
  expect(JSON.parse(line)).toMatchObject({ code: 'DATA_INVALID', fields: ['card', 'items.1'] });
});

test('a message is written only with the option messages and is cut, and a final failure has the level error', () => {
  const long = { ...notice, kind: 'gave-up', message: 'x'.repeat(5000) } as const;
  const line = JSON.parse(noticeLine(long, { ...options, messages: true }) as string) as object;
  expect(line).toMatchObject({ level: 'error', message: 'x'.repeat(1000) });
});

test('a message contains no control characters', () => {
  const text = '\u009b2J\u202egnp.exe\u007f\u001b[31m\nforged';
  const line = noticeLine({ ...notice, message: text }, { ...options, messages: true }) as string;
  expect(line).toMatch(/^[\u0020-\u007e]*$/);
  expect(JSON.parse(line)).toMatchObject({ message: text });
});

test('retryAfter writes no line', () => {
  expect(noticeLine({ ...notice, cause: new RetryAfter(1000, 'rate limited') }, options)).toBeUndefined();
});

test('a command that waits for its limits is no line of the log', () => {
  expect(noticeLine({ ...notice, kind: 'limited' }, options)).toBeUndefined();
});
