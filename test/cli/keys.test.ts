import { expect, test } from 'vitest';
import { tutti } from './command-line.ts';

test('keys rotate is refused without --stack, because an embedded system does not sign commands', async () => {
  expect(await tutti('keys', 'rotate')).toMatchObject({ code: 2, stderr: expect.stringContaining('--stack') });
});
