import { describe, expect, test } from 'vitest';
import { eraseImage, erasureFault } from '../../lib/core/erasing.ts';
import { FORK } from '../../lib/core/forking.ts';
import { newImage, type Image, type OpenCommand } from '../../lib/core/image.ts';
import type { OperationInbound } from '../../lib/core/inbound.ts';

const ended = (over: Partial<Image> = {}): Image => ({
  ...newImage('default#trip#x', 'r1', 'trip@1', 5),
  status: 'completed',
  closedAt: 9,
  clock: 9,
  seq: 7,
  ...over,
});
const command = (over: Partial<OpenCommand>): ReadonlyMap<number, OpenCommand> =>
  new Map([[3, { n: 3, path: 'svc.book:1/undo', command: 'svc.cancel', mode: 'undo', ...over } as OpenCommand]]);
const request = { id: 'op', reason: 'request 7', by: 'ada' } as OperationInbound;
const tombstone = { run: 'r1', n: 4, command: 'svc.book', input: { name: 'Ada' } };

describe('an erasure is refused', () => {
  test.each<[string, Partial<Image>, string]>([
    ['of a running instance', { status: 'running' }, 'it is running, and only an instance that has ended is erased'],
    ['of a stuck instance', { status: 'stuck' }, 'it is stuck, and only an instance that has ended is erased'],
    [
      'of a paused instance',
      { status: 'running', paused: { at: 1, by: 'ada', reason: 'r', clock: 'stop' } },
      'it is paused, and only an instance that has ended is erased',
    ],
    [
      'while a start waits',
      { waiting: [{ identity: 'i', id: 'i', source: 's', since: 1, data: null }] },
      '1 of its starts wait to begin the next run',
    ],
    ['while an undo is sent', { commands: new Map(command({})) }, 'svc.cancel (svc.book:1/undo) still undoes a late success'],
    [
      'while an undo waits for its next attempt',
      { resends: new Map(command({})) },
      'svc.cancel (svc.book:1/undo) still undoes a late success',
    ],
    ['while a fork has not replied', { commands: new Map(command({ command: FORK, mode: 'call' })) }, 'a fork of it has not replied yet'],
    [
      'while a late success would be undone',
      { tombstones: [tombstone, { ...tombstone, n: 5, path: 'svc.book:2' }] },
      'a late success of svc.book (4), svc.book (svc.book:2) would be undone with this data',
    ],
  ])('%s', (_, over, why) => {
    expect(erasureFault(ended(over), {})).toBe(why);
  });
});

describe('an erasure', () => {
  test('may abandon the undo of a late success, and names its command', () => {
    const image = ended({ tombstones: [tombstone] });
    expect(erasureFault(image, { abandon: true })).toBeUndefined();
    eraseImage(image, { ...request, sender: 'AIDA', abandon: true }, 20);
    expect(image.tombstones).toEqual([]);
    expect(JSON.parse(image.tail[0] ?? '')).toEqual({
      type: 'Erased',
      path: '',
      at: 20,
      id: 'op',
      by: 'ada',
      sender: 'AIDA',
      reason: 'request 7',
      abandoned: ['default#trip#x/r1/4'],
    });
  });

  test('keeps what names the run and finds duplicates, and no data', () => {
    const image = ended({
      starts: ['i'],
      signals: [{ id: 's', time: 3 }],
      commands: new Map(command({ mode: 'send', input: { name: 'Ada' } })),
      view: { data: 'Ada' },
      tags: { name: 'Ada' },
      tail: ['{"type":"ProcessCompleted","data":"Ada"}'],
      tailFrom: 12,
      past: [{ run: 'r0', from: 0, entries: ['Ada'] }],
      chain: { first: 'r0', number: 2 },
    });
    expect(erasureFault(image, {})).toBeUndefined();
    eraseImage(image, request, 20);
    expect(JSON.stringify({ ...image, commands: [...image.commands] })).not.toContain('Ada');
    expect(image).toMatchObject({ run: 'r1', seq: 7, status: 'completed', closedAt: 9, erased: 20, tailFrom: 0 });
    expect(image).toMatchObject({ starts: ['i'], signals: [{ id: 's', time: 3 }], chain: { first: 'r0', number: 2 } });
  });
});
