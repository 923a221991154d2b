import { expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, type CallOptions } from '../../lib/index.ts';
import { EngineRig } from './engine-rig.ts';

const Go = event('t.go', z.object({ id: z.string() }));

/** The envelopes that a service gets of one call, answered `failed, retryable` until `sends` of them have come. */
const sent = async (parts: object, options: CallOptions | undefined, sends = 1): Promise<readonly Record<string, unknown>[]> => {
  const svc = service('svc', { ask: command({ input: z.object({}), ...parts }) });
  const ask = process('ask', { startOn: Go.byId((go) => go.id) }, async (ctx) => {
    await ctx.call(svc.ask, {}, options);
  });
  const rig = new EngineRig([ask], [svc]);
  rig.happens(Go, { id: 'x' });
  await rig.advance();
  const all: Record<string, unknown>[] = [];
  for (let turns = 0; all.length < sends && turns < 2 * sends; turns += 1) {
    for (const envelope of await rig.commands('svc')) {
      all.push(envelope as unknown as Record<string, unknown>);
      if (all.length < sends) await rig.answers(envelope, 'failed', { type: 'BUSY', message: 'later', data: null }, { retryable: true });
    }
    await rig.advance();
    rig.clock.advance(600_000);
    await rig.advance();
  }
  return all;
};
const fieldsOf = ({ retryattempts, retryfirst, retrymost, retryfactor, timeout }: Record<string, unknown>) => ({
  retryattempts,
  retryfirst,
  retrymost,
  retryfactor,
  timeout,
});

test('a command of a contract that says nothing of retries carries no policy', async () => {
  const [first] = await sent({}, undefined);
  expect(Object.keys(first ?? {}).filter((field) => field.startsWith('retry') || field === 'timeout')).toEqual([]);
});

test('a command carries the policy of its contract, and what its call says instead', async () => {
  const parts = { timeout: '10 seconds', retry: { attempts: 5, first: '2 seconds', factor: 1.5, most: '1 minute' } };
  const policy = { retryattempts: 5, retryfirst: 2_000, retrymost: 60_000, retryfactor: '1.5', timeout: 10_000 };
  expect(fieldsOf((await sent(parts, undefined))[0] ?? {})).toEqual(policy);
  const other = { timeout: '1 minute', retry: { attempts: 2, most: '2 minutes' } } as const;
  expect(fieldsOf((await sent(parts, other))[0] ?? {})).toEqual({ ...policy, retryattempts: 2, retrymost: 120_000, timeout: 60_000 });
});

test('runs that were used up under one number are no longer allowed under the next', async () => {
  const envelopes = await sent({ retry: { attempts: 3 } }, undefined, 3);
  expect(envelopes.map((envelope) => envelope['retryattempts'])).toEqual([3, 2, 1]);
});

test('a first pause of nothing leaves a pause after a thousand tries', { timeout: 60_000 }, async () => {
  const envelopes = await sent({ retry: { first: '0 seconds', within: '300 days' } }, undefined, 1_030);
  expect(envelopes.length).toBe(1_030);
});
