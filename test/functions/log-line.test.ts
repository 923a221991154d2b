import { afterEach, describe, expect, test, vi } from 'vitest';
import { logProcessLine } from '../../functions/process-line.ts';
import { faultLine, logLine, noticeLine, type LogLine } from '../../functions/log-line.ts';

afterEach(() => vi.restoreAllMocks());

describe('log lines', () => {
  test.each([
    ['error', { event: 'fault' }],
    ['warn', { event: 'stuck' }],
    ['warn', { event: 'parked' }],
    ['info', { event: 'retired' }],
  ] as const)('are written at the level %s, which Lambda keeps: %o', (level, line) => {
    const levels = (['info', 'warn', 'error'] as const).map((each) => vi.spyOn(console, each).mockImplementation(() => {}));
    logLine(line);
    expect(levels.filter((spy) => spy.mock.calls.length > 0)).toEqual([vi.mocked(console[level])]);
  });

  test('a log line is one object with the allowed fields only', () => {
    const written = vi.spyOn(console, 'warn').mockImplementation(() => {});
    logLine({ event: 'parked', pid: 'default#trip#a', reason: 'POISON', body: '{"card":"4111"}' } as LogLine);
    expect(written.mock.calls).toEqual([[{ event: 'parked', pid: 'default#trip#a', reason: 'POISON' }]]);
  });

  test('the line of a parked event has the fields of the event, and a detail that quotes no payload', () => {
    const event = { id: 'e1', type: 'shop.placed', source: 'shop' };
    const notice = { kind: 'parked', pid: 'default#trip#a', event, detail: 'More than 64 events came before the instance.' } as const;
    const line = { event: 'parked', pid: 'default#trip#a', id: 'e1', type: 'shop.placed', source: 'shop' };
    expect(noticeLine({ ...notice, reason: 'EARLY_OVERFLOW' })).toEqual({ ...line, reason: 'EARLY_OVERFLOW', detail: notice.detail });
    expect(noticeLine({ ...notice, reason: 'DATA_INVALID', detail: 'card is 4111' })).toEqual({ ...line, reason: 'DATA_INVALID' });
  });

  test('a line of a process is written at its level, as one object in which no field of it looks like a member', () => {
    const written = vi.spyOn(console, 'info').mockImplementation(() => {});
    const instance = { tenant: 'default', process: 'trip', id: 'a', run: 'r1', messageId: 'm1', at: 0 };
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    logProcessLine({ ...instance, traceparent, level: 'loud' as 'info', message: 'hi', fields: { event: 'stuck' } });
    const line = {
      event: 'log',
      pid: 'default#trip#a',
      run: 'r1',
      messageId: 'm1',
      trace: '0af7651916cd43dd8448eb211c80319c',
      message: 'hi',
    };
    expect(written.mock.calls).toEqual([[{ ...line, fields: { event: 'stuck' } }]]);
  });

  test('the line of an error has the message of AWS, and no message of other errors', () => {
    const denied = Object.assign(new Error('not authorized to perform dynamodb:UpdateItem'), { name: 'AccessDenied', $metadata: {} });
    expect(faultLine(denied)).toEqual({
      event: 'fault',
      error: 'AccessDenied',
      detail: 'not authorized to perform dynamodb:UpdateItem',
      at: expect.stringContaining('log-line.test.ts'),
    });
    expect(faultLine(Object.assign(new RangeError('card 4111 is refused'), { code: 'E1' }))).toEqual({
      event: 'fault',
      error: 'RangeError',
      code: 'E1',
      at: expect.stringContaining('log-line.test.ts'),
    });
    expect(faultLine('card 4111')).toEqual({ event: 'fault', error: 'string' });
  });
});
