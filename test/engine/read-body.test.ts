import { expect, test } from 'vitest';
import type { EngineContext } from '../../lib/engine/engine-context.ts';
import { readBody } from '../../lib/engine/admit/admission.ts';

const context = {} as EngineContext;

test.each(['-0', '-0.0', '-0e5', ' -0'])('%s is 0 live, as it is in the journal', async (zero) => {
  const read = await readBody(
    context,
    `{"detail":{"data":{"amount":${zero},"list":[1,${zero}],"name":":-0","day":"2026-01-05","debt":-0.5}}}`,
  );
  expect(read).toStrictEqual({ detail: { data: { amount: 0, list: [1, 0], name: ':-0', day: '2026-01-05', debt: -0.5 } } });
});
