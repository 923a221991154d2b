import { expect, test } from 'vitest';
import { type DueOptions, MemoryInstanceIndex } from '../../../lib/adapters/memory/instance-index.ts';
import { MemoryTable } from '../../../lib/adapters/memory/table.ts';
import type { Head } from '../../../lib/ports/process-store.ts';
import { head } from '../../contracts/process-store.contract.ts';

/** An index with a pace of a minute. `put` writes a head with a due time. */
function paced(options: DueOptions = {}): { readonly index: MemoryInstanceIndex; put(id: string, due?: number): void } {
  const heads = new MemoryTable<string, Head>();
  const index = new MemoryInstanceIndex(heads, { paceMs: 60_000, ...options });
  const put = (id: string, due?: number): void => {
    const pid = `default#trip#${id}`;
    const previous = heads.get(pid);
    const { due: _due, ...rest } = head({ pid });
    const next: Head = due === undefined ? rest : { ...rest, due };
    heads.set(pid, next);
    index.written(next, previous);
  };
  return { index, put };
}

const dueOf = async (index: MemoryInstanceIndex, instant: number, limit = 100): Promise<string[]> =>
  (await index.due(instant, limit)).map(({ pid, due }) => `${pid.slice(-1)}${due}`);

test('with a pace, a due instance is returned once, and again after the pace, or at its next due time', async () => {
  const { index, put } = paced();
  put('a', 5);
  put('b', 6);
  expect(await dueOf(index, 10)).toEqual(['a5', 'b6']);
  expect(await dueOf(index, 110)).toEqual([]);
  put('a', 100);
  expect(await dueOf(index, 110)).toEqual(['a100']);
  expect(await dueOf(index, 60_010)).toEqual(['b6']);
  put('b');
  expect(await dueOf(index, 200_000)).toEqual(['a100']);
});

test('with a pace, a limit leaves the later instances to the next call', async () => {
  const { index, put } = paced();
  for (const id of 'abcde') put(id, 5);
  expect(await dueOf(index, 10, 2)).toEqual(['a5', 'b5']);
  expect(await dueOf(index, 10, 2)).toEqual(['c5', 'd5']);
  expect(await dueOf(index, 10, 2)).toEqual(['e5']);
});

test('one call returns no more than it may, and the next calls the others', async () => {
  const { index, put } = paced({ dueMax: 2 });
  for (const id of 'abcde') put(id, 5);
  expect(await dueOf(index, 10)).toEqual(['a5', 'b5']);
  expect(await dueOf(index, 10)).toEqual(['c5', 'd5']);
  expect(await dueOf(index, 10)).toEqual(['e5']);
});

test('after a fault every due instance is returned again', async () => {
  const { index, put } = paced();
  put('a', 5);
  expect(await dueOf(index, 10)).toEqual(['a5']);
  index.returnAll();
  expect(await dueOf(index, 10)).toEqual(['a5']);
});
