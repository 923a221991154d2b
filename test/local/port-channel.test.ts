import { MessageChannel } from 'node:worker_threads';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ClientError } from '../../lib/contract/errors.ts';
import { offeredPort, PortChannel, remotePort } from '../../lib/local/channel/port-channel.ts';

interface Shelf {
  put(name: string): Promise<number>;
  take(name: string): Promise<string | undefined>;
}

/** A shelf, and the same shelf as it is at the other end of a channel. */
const shelfBehindChannel = (
  shelf: Partial<Shelf>,
): { readonly remote: Shelf; readonly near: PortChannel; readonly far: PortChannel; readonly posts: () => number } => {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const posts = vi.spyOn(port1, 'postMessage');
  const near = new PortChannel(port1, {});
  const far = new PortChannel(port2, offeredPort(shelf as Shelf, 'shelf', ['put', 'take']));
  return { remote: remotePort<Shelf>(near, 'shelf', ['put', 'take']), near, far, posts: () => posts.mock.calls.length };
};

test('all calls of one turn go in one message, and each gets its own answer', async () => {
  const held: string[] = [];
  const { remote, near, posts } = shelfBehindChannel({
    put: async (name) => held.push(name),
    take: async (name) => held.find((each) => each === name),
  });
  const answers = Promise.all([remote.put('a'), remote.put('b'), remote.take('b'), remote.take('c')]);
  expect(near.pending).toBe(4);
  expect(await answers).toEqual([1, 2, 'b', undefined]);
  expect([near.pending, posts()]).toEqual([0, 1]);
});

test('an error of Tutti keeps its code and remedy at the other end; any other becomes one that names it', async () => {
  const { remote } = shelfBehindChannel({
    put: async () => {
      throw new ClientError('NOT_FOUND', 'There is no such shelf.');
    },
    take: () => Promise.reject(new TypeError('the disk is full')),
  });
  await expect(remote.put('a')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'There is no such shelf.',
    remedy: new ClientError('NOT_FOUND', '').remedy,
  });
  await expect(remote.take('a')).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('the disk is full') });
});

test('when the other end is gone, pending and later calls fail', async () => {
  const { remote, near } = shelfBehindChannel({ put: () => new Promise(() => {}) });
  const asked = remote.put('a');
  const gone = new ClientError('UNREACHABLE', 'gone');
  near.close(gone);
  await expect(asked).rejects.toBe(gone);
  await expect(remote.put('b')).rejects.toBe(gone);
});
