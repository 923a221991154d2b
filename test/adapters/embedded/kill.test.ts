import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { newDirectory, opens, queue } from '../opened-states.ts';
import { payloadOf } from './written-payload.ts';

const script = fileURLToPath(new URL('writing-process.ts', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function writer(directory: string): ChildProcess {
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

/** Lets the process write until it has promised `count` numbers, kills it, and returns the last one that it promised. */
async function killedAfter(child: ChildProcess, count: number): Promise<number> {
  let last = 0;
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    last = Number(line);
    if (last === count) child.kill('SIGKILL');
  }
  return last;
}

describe('a process that is killed', () => {
  test('a killed process leaves every durable change, in order, and no lock', async () => {
    const directory = newDirectory();
    for (const count of [1, 150]) {
      const promised = await killedAfter(writer(directory), count);
      expect(promised).toBeGreaterThanOrEqual(count);
      const state = opens({ directory });
      const messages = await queue(state, 'inbox').receive({ max: 10_000, waitSeconds: 0, visibilitySeconds: 30 });
      const numbers = messages.map(({ body }) => Number(body));
      expect(numbers.length).toBeGreaterThanOrEqual(promised);
      expect(numbers).toEqual(numbers.map((_, at) => at + 1));
      expect(await state.payloadStore.get('p', createHash('sha256').update(payloadOf(promised)).digest('hex'))).toBe(payloadOf(promised));
      await queue(state, 'inbox').delete(messages.map(({ receiptHandle }) => receiptHandle));
      state.close();
    }
  });

  test('a folder is locked while its process lives, and a second process is refused with the pid of the first', async () => {
    const directory = newDirectory();
    const child = writer(directory);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    const refusal = expect.objectContaining({
      code: 'UNREACHABLE',
      message: expect.stringContaining(`is open in process ${child.pid}:`) as string,
    });
    expect(() => opens({ directory })).toThrow(refusal);
    child.kill('SIGKILL');
    await once(child, 'exit');
    opens({ directory });
  });
});
