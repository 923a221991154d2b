import * as z from 'zod';
import { event, process as processOf, system } from 'tutti';
import { startLocal } from 'tutti/local';
import { afterEach, describe, expect, test, vi } from 'vitest';

const Asked = event('clocks.asked', z.object({ id: z.string() }));
const clock = processOf('clock', { startOn: Asked.byId((asked) => asked.id) }, async () => typeof Date.now());
const clocks = system('clocks', { processes: [clock], services: [] });

/** The outcome of an instance that reads the clock. */
const fate = async (options: { readonly checks?: boolean } = {}): Promise<string> => {
  const { client, stop } = await startLocal(clocks, { services: [], ...options });
  try {
    await client.publish(Asked, { id: 'a' });
    for (;;) {
      const found = await client.describe(clock, 'a').catch(() => undefined);
      if (found && found.status !== 'running') return `${found.status}: ${found.why}`;
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await stop();
  }
};

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('startLocal', () => {
  test('checks, so that a process that reads the clock is stuck at once, with its line', async () => {
    expect(await fate()).toMatch(
      /^stuck: stuck \(POISON\): clock uses Date\.now\(\): .* Use ctx\.now\(\) at test\/local\/checks\.test\.ts:\d+/,
    );
  });

  test('does not check if NODE_ENV is production or if checks are off', async () => {
    expect(await fate({ checks: false })).toContain('completed');
    vi.stubEnv('NODE_ENV', 'production');
    expect(await fate()).toContain('completed');
  });
});
