import { expect, test } from 'vitest';
import { resumeCause } from '../../bin/resume-cause.ts';
import { Terminal } from '../../bin/terminal.ts';
import type { ListedInstance, Operations } from '../../lib/client/operations/operations.ts';
import { ClientError } from '../../lib/contract/errors.ts';

const stuck = (id: string): ListedInstance => ({
  process: 'trip',
  id,
  run: 'r',
  status: 'stuck',
  started: '2026-01-01T00:00:00Z',
  why: '',
});

/** Three stuck instances, of which `resume` fails for those that the predicate names. */
const resuming = async (fails: (id: string) => boolean): Promise<{ code: number; text: string; resumed: readonly string[] }> => {
  let text = '';
  const stream = { write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream;
  const resumed: string[] = [];
  const operations = {
    list: async () => ({ instances: ['t-1', 't-2', 't-3'].map(stuck) }),
    resume: async ({ id }: { readonly id: string }) => {
      resumed.push(id);
      if (fails(id)) throw new ClientError('STUCK', `trip ${id} was not resumed: it differs.`);
      return { status: id === 't-3' ? 'stuck' : 'running' };
    },
  } as unknown as Operations;
  const code = await resumeCause(new Terminal(stream, stream, {}), operations, { local: '.tutti', cause: 'NONDETERMINISM', yes: true });
  return { code, text, resumed };
};

test('a bulk resume stops after its first instance if the cause is not fixed', async () => {
  const { code, text, resumed } = await resuming(() => true);
  expect([code, resumed]).toEqual([1, ['t-1']]);
  expect(text).toContain('0 of 3 resumed.\ntrip t-1 stays stuck: trip t-1 was not resumed: it differs.\nThe others were not resumed.');
});

test('a bulk resume names each instance that stays stuck, and resumes the others', async () => {
  const { code, text, resumed } = await resuming((id) => id === 't-2');
  expect([code, resumed]).toEqual([1, ['t-1', 't-2', 't-3']]);
  expect(text).toContain(
    '1 of 3 resumed.\ntrip t-2 stays stuck: trip t-2 was not resumed: it differs.\ntrip t-3 stays stuck: it got stuck again',
  );
});
