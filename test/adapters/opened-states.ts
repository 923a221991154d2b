import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { openState, type State, type StateOptions } from '../../lib/local/state.ts';
import type { Bus } from '../contracts/event-publisher.contract.ts';
import type { Queues } from '../contracts/message-queue.contract.ts';

const opened: { readonly states: State[]; readonly directories: string[] } = { states: [], directories: [] };

afterEach(() => {
  for (const state of opened.states.splice(0)) state.abandon();
  for (const directory of opened.directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A folder that is removed after the test. */
export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-'));
  opened.directories.push(directory);
  return directory;
}

const asked = { type: 'trips.asked', owner: 'trips' };

/** A system with the services `work` and `payments`, which subscribes to `trips.asked`. */
export const system = {
  name: 'trips',
  services: new Map([
    ['work', { name: 'work', commands: new Map() }],
    ['payments', { name: 'payments', commands: new Map() }],
  ]),
  processes: new Map([['trip', [{ startOn: [{ event: asked }], receives: [] }]]]),
} as unknown as StateOptions['system'];

/** A state that is closed after the test. Without a directory it is in memory. */
export function opens(options: Omit<StateOptions, 'system'> = {}): State {
  const state = openState({ system, clock: new VirtualClock(1_000_000), maxReceiveCount: 3, ...options });
  opened.states.push(state);
  return state;
}

export function queue(state: State, name: string): MemoryMessageQueue {
  return state.queues.get(name) as MemoryMessageQueue;
}

export function queuesOf(state: State): Queues {
  return {
    sender: state.sender,
    work: queue(state, 'work'),
    dead: queue(state, 'work-dead-letter'),
    async pass(milliseconds) {
      // Woken receivers come back before and after, so that each finds the clock where it expects it.
      await turn();
      (state.clock as VirtualClock).advance(milliseconds);
      await turn();
    },
  };
}

export function busOf(state: State): Bus {
  return {
    publisher: state.publisher,
    async inbox() {
      const messages = await queue(state, 'inbox').receive({ max: 100, waitSeconds: 0, visibilitySeconds: 1000 });
      return messages.map(({ body }) => body);
    },
  };
}

/** The port, with the log moved into the tables and everything evicted that may be after each call. */
export function evicting<Port extends object>(port: Port, state: State): Port {
  return new Proxy(port, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...given: unknown[]): unknown => {
        const result: unknown = Reflect.apply(method, target, given);
        state.checkpoint();
        return result;
      };
    },
  });
}

/** Lets everything run that can run without time passing. */
export async function turn(): Promise<void> {
  for (let n = 0; n < 3; n += 1) await new Promise((resolve) => setImmediate(resolve));
}
