import { expect, test } from 'vitest';
import * as z from 'zod';
import { command, CommandExhausted, event, process, service, system, type Retry } from '../../lib/index.ts';
import { serve } from '../../lib/service/index.ts';
import { simulate } from '../../lib/testing/index.ts';

const Go = event('t.go', z.object({ id: z.string() }));

interface Heard {
  readonly runs: number;
  readonly undone: number;
  readonly exhausted?: Pick<CommandExhausted, 'attempts' | 'outcome' | 'lastError'>;
  readonly status: string;
}

type Thrown = (task: { notDone(reason: string): Error }) => Error;

/** The error that a process gets for a command that never replies, six hours after it was sent. */
const heard = async (
  parts: { readonly retry: Retry; readonly timeout?: '10 seconds'; readonly onUnknown?: 'continue' },
  thrown: Thrown,
): Promise<Heard> => {
  let runs = 0;
  let undone = 0;
  let exhausted: CommandExhausted | undefined;
  const drop = command({ input: z.object({}) });
  const { onUnknown, ...more } = parts;
  const undo = { command: drop, input: () => ({}) };
  const svc = service('svc', { ask: command({ input: z.object({}), ...more, ...(onUnknown && { undo, onUnknown }) }), drop });
  const ask = process('ask', { startOn: Go.byId((go) => go.id) }, async (ctx) => {
    try {
      await ctx.call(svc.ask, {});
    } catch (error) {
      exhausted = error as CommandExhausted;
    }
  });
  const served = serve(svc, {
    ask: async (_input, task) => {
      runs += 1;
      throw thrown(task);
    },
    drop: async () => void (undone += 1),
  });
  const world = simulate(system('s', { processes: [ask], services: [svc] }), { services: [served] });
  world.expectFaults(svc.ask);
  await world.client.publish(Go, { id: 'x' });
  await world.advance('6 hours');
  const { status } = await world.client.describe(ask, 'x');
  if (exhausted === undefined) return { runs, undone, status };
  const { attempts, outcome, lastError } = exhausted;
  return { runs, undone, status, exhausted: { attempts, outcome, ...(lastError && { lastError }) } };
};

test.each([1, 3, 5])('%i attempts are as many runs, and then the process gets the count and the last error', async (attempts) => {
  const lastError = { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 10.0.0.1:443' };
  const refused: Thrown = () => Object.assign(new Error(lastError.message), { code: lastError.code });
  expect(await heard({ timeout: '10 seconds', retry: { attempts } }, refused)).toEqual({
    runs: attempts,
    undone: 0,
    status: 'completed',
    exhausted: { attempts, outcome: 'unknown', lastError },
  });
});

test('if each run throws notDone, the command has failed definitely', async () => {
  const told = await heard({ retry: { attempts: 3 } }, (task) => task.notDone('no route'));
  expect(told).toMatchObject({
    runs: 3,
    status: 'completed',
    exhausted: { attempts: 3, outcome: 'failed', lastError: { message: 'no route' } },
  });
});

test('the end of within ends the runs as the attempts do', async () => {
  const told = await heard({ retry: { within: '1 hour' } }, () => new TypeError('down'));
  expect(told).toMatchObject({ status: 'completed', exhausted: { outcome: 'unknown', lastError: { code: 'TypeError' } } });
  expect(told.exhausted?.attempts).toBe(told.runs);
});

test('with an undo and onUnknown continue, the process continues at the limit', async () => {
  const told = await heard({ retry: { attempts: 2 }, onUnknown: 'continue' }, () => new TypeError('down'));
  expect(told).toMatchObject({ runs: 2, undone: 0, status: 'completed', exhausted: { attempts: 2, outcome: 'unknown' } });
});
