import { createConnection } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Acts } from '../../bin/acts.ts';
import { openLink, serveLink } from '../../bin/link.ts';
import { ClientError } from '../../lib/contract/errors.ts';
import { inFolder } from './command-line.ts';

const acts = {
  signal: async ({ id }: { id: string }) => ({ id: `signal of ${id}` }),
  cancel: async () => {
    throw new ClientError('CLOSED', 'It has ended.');
  },
} as unknown as Acts;

const instance = { process: 'order', id: 'o-1' };
const signal = { ...instance, event: 'e', data: 1 };

test('a link carries answers and errors as they are, many at a time', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'a.sock');
    const served = await serveLink(path, acts);
    const link = (await openLink(path))!;
    const answers = await Promise.allSettled([
      link.acts.signal(signal),
      link.acts.cancel({ ...instance, reason: '' }),
      link.acts.why(instance),
      link.acts.signal(signal),
    ]);
    expect(answers).toMatchObject([
      { value: { id: 'signal of o-1' } },
      { reason: { code: 'CLOSED', message: 'It has ended.', remedy: expect.any(String) } },
      { reason: { code: 'UNSUPPORTED' } },
      { value: { id: 'signal of o-1' } },
    ]);
    link.close();
    await served.close();
  });
});

test('nothing listens: there is no link; who listens and ends is unreachable', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'a.sock');
    expect(await openLink(path)).toBeUndefined();
    const served = await serveLink(path, { ...acts, result: () => new Promise(() => {}) });
    const link = (await openLink(path))!;
    const answered = Promise.allSettled([link.acts.result(instance)]);
    await link.acts.signal(signal);
    await served.close();
    expect(await answered).toMatchObject([{ reason: { code: 'UNREACHABLE' } }]);
  });
});

test('what is no request ends that connection and no other', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'a.sock');
    const served = await serveLink(path, acts);
    const stranger = createConnection(path);
    stranger.write('GET / HTTP/1.1\n');
    await new Promise((resolve) => stranger.on('close', resolve));
    const link = (await openLink(path))!;
    expect(await link.acts.signal(signal)).toEqual({ id: 'signal of o-1' });
    link.close();
    await served.close();
  });
});
