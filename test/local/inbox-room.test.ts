import { describe, expect, test } from 'vitest';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { InboxRoom } from '../../lib/local/inbox-room.ts';
import { refusedWhileStalled } from '../../lib/local/refused-while-stalled.ts';
import { opens, queue, turn } from '../adapters/opened-states.ts';

const RECEIVE = { max: 1, waitSeconds: 0, visibilitySeconds: 30 };

/** A room of three messages and 100 characters. `enter` notes when a caller has entered, and puts its message. */
function small() {
  const clock = new VirtualClock(1_000);
  const inbox = new MemoryMessageQueue({ name: 'inbox', clock });
  const stop = new AbortController();
  const room = new InboxRoom({ inbox, clock, signal: stop.signal, messagesMax: 3, charactersMax: 100 });
  const entered: string[] = [];
  const enter = async (name: string, text = name): Promise<void> => {
    const full = room.entered();
    if (full) await full;
    entered.push(name);
    inbox.put(text);
  };
  const pass = async (milliseconds: number): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += 5) {
      clock.advance(5);
      await turn();
    }
  };
  return { inbox, room, stop, entered, enter, pass };
}

describe('a full inbox', () => {
  test('holds callers back, and lets them in by their order, as fast as messages leave it', async () => {
    const { inbox, room, entered, enter, pass } = small();
    const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => enter(name));
    await pass(50);
    expect(entered).toEqual(['a', 'b', 'c']);
    await inbox.receive(RECEIVE);
    await pass(10);
    expect(entered).toEqual(['a', 'b', 'c', 'd']);
    for (let n = 0; n < 2; n += 1) await inbox.receive(RECEIVE);
    await pass(10);
    await Promise.all(all);
    expect(entered).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    for (let n = 0; n < 3; n += 1) await inbox.receive(RECEIVE);
    expect(room.entered()).toBeUndefined();
  });

  test('is one of few messages with many characters too', async () => {
    const { inbox, entered, enter, pass } = small();
    await enter('large', 'x'.repeat(100));
    const next = enter('next');
    await pass(20);
    expect(entered).toEqual(['large']);
    await inbox.receive(RECEIVE);
    await pass(10);
    await next;
    expect(entered).toEqual(['large', 'next']);
  });

  test('that stands still for half a minute refuses callers, and takes the next one when it moves again', async () => {
    const { inbox, entered, enter, pass } = small();
    for (const name of ['a', 'b', 'c']) await enter(name);
    const refused = { code: 'UNREACHABLE', message: 'The inbox has 3 messages, and the engine has received none for half a minute.' };
    await Promise.all([expect(enter('d')).rejects.toMatchObject(refused), pass(30_010)]);
    await inbox.receive(RECEIVE);
    await enter('e');
    expect(entered).toEqual(['a', 'b', 'c', 'e']);
  });

  test('of a system that stops refuses callers', async () => {
    const { stop, enter, pass } = small();
    for (const name of ['a', 'b', 'c']) await enter(name);
    stop.abort();
    await Promise.all([expect(enter('d')).rejects.toMatchObject({ code: 'UNREACHABLE' }), pass(10)]);
  });
});

test('clients that publish or send wait for room, and the engine and services do not', async () => {
  const state = opens();
  const room = new InboxRoom({
    inbox: queue(state, 'inbox'),
    clock: { now: () => 0, sleep: () => turn() },
    signal: new AbortController().signal,
    messagesMax: 1,
  });
  const { publisher, sender } = refusedWhileStalled(state, room);
  const event = { source: 'trips', type: 'trips.asked', detail: '{}' };
  await publisher.publish([event]);
  let done = 0;
  const published = publisher.publish([event]).then(() => (done += 1));
  const sent = sender.send('inbox', [{ body: '{}' }]).then(() => (done += 1));
  await state.publisher.publish([event]);
  await turn();
  expect(done).toBe(0);
  expect(queue(state, 'inbox').size).toBe(2);
  await queue(state, 'inbox').receive({ ...RECEIVE, max: 5 });
  await published;
  await queue(state, 'inbox').receive({ ...RECEIVE, max: 5 });
  await sent;
});
