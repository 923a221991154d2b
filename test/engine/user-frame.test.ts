import { describe, expect, test } from 'vitest';
import { userFrame } from '../../lib/engine/user-frame.ts';

const withStack = (...frames: readonly string[]): Error =>
  Object.assign(new Error('x'), { stack: ['Error: x', ...frames.map((frame) => `    at ${frame}`)].join('\n') });

describe('the first frame of the code of the user', () => {
  test('an error that is made here names this file and its line', () => {
    expect(userFrame(new Error('here'))).toBe('test/engine/user-frame.test.ts:9');
  });

  test('frames of Node, of packages and of Tutti itself are passed over', () => {
    const own = new URL('../../lib/core/scopes.ts', import.meta.url).pathname;
    const error = withStack(
      'new Promise (<anonymous>)',
      'node:internal/process/task_queues:105:5',
      `refuse (${own}:3:4)`,
      'parse (file:///app/node_modules/zod/v4/core.js:10:3)',
      'async Object.pay [as run] (file:///app/orders/pay.ts?tsx-namespace=1:12:9)',
      'later (/app/orders/later.ts:1:1)',
    );
    expect(userFrame(error)).toBe('/app/orders/pay.ts:12');
  });

  test.each([
    ['a file with a blank in its name', 'run (/app/my orders/pay.ts:12:9)', '/app/my orders/pay.ts:12'],
    ['a frame without a function', '/app/pay.ts:7:1', '/app/pay.ts:7'],
    ['an async frame without a function', 'async /app/pay.ts:7:1', '/app/pay.ts:7'],
    ['a file of the working directory', `run (${process.cwd()}/orders/pay.ts:3:1)`, 'orders/pay.ts:3'],
    ['code that was evaluated', 'eval (eval at <anonymous> (/app/pay.ts:1:1), <anonymous>:1:1)', undefined],
    ['a URL that is no file', 'run (file://host/%zz:1:1)', undefined],
  ])('%s is read', (_what, frame, place) => {
    expect(userFrame(withStack(frame))).toBe(place);
  });

  test('an error without a stack, and what is no error, name no place', () => {
    expect(userFrame(Object.assign(new Error('x'), { stack: undefined }))).toBeUndefined();
    expect(userFrame('oops')).toBeUndefined();
  });
});
