import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { decider, end, publish, send, timer } from 'tutti';
import { Instance } from './instance.ts';
import { Booked, Checkout, notes, Nudge, payments } from './trip-contracts.ts';

const alarm = timer('alarm');
const Words = z.object({ words: z.array(z.string()) });
const START = Date.parse('2026-01-01T00:00:00.000Z');

/** Does the action that the word of a nudge names. */
const watch = decider('watch', { state: Words, initial: (id) => ({ words: [id] }), publishes: [Booked] })
  .on(
    Checkout.byId((checkout) => checkout.id),
    (state, { note }) => ({ words: [...state.words, note ?? ''] }),
  )
  .on(
    Nudge.byId((nudge) => nudge.id),
    (state, { word }, { id, now }) => {
      const next = { words: [...state.words, word] };
      switch (word) {
        case 'in':
          return [next, alarm.in('1 minute')];
        case 'within':
          return [next, alarm.within('1 minute')];
        case 'at':
          return [next, alarm.at(new Date(now.getTime() + 5000))];
        case 'past':
          return [next, alarm.at('2020-01-01T00:00:00Z')];
        case 'clear':
          return [next, alarm.clear()];
        case 'ask':
          return [next, send(notes.ask, { text: `${id} asks` })];
        case 'tell':
          return [next, send(notes.notify, { text: 'hi' })];
        case 'pay':
          return [next, send(payments.charge, { amount: 7 })];
        case 'publish':
          return [next, false, undefined, publish(Booked, { text: 'told' })];
        case 'publish undeclared':
          return [next, publish(Nudge, { id }) as never];
        case 'end':
          return [next, end({ total: next.words.length }), publish(Booked, { text: 'last' })];
        case 'throw':
          throw new TypeError('a bug');
        case 'bad state':
          return { words: 7 as never };
        case 'bad input':
          return [next, send(notes.ask, { text: 7 as never })];
        default:
          return next;
      }
    },
  )
  .on(alarm, (state, heard, { now }) => ({ words: [...state.words, `alarm ${String(heard)} after ${(now.getTime() - START) / 1000} s`] }))
  .on(notes.ask, (state, heard) => ({
    words: [...state.words, notes.ask.exhausted(heard) ? `${heard.outcome} after ${heard.attempts}` : heard.answer],
  }))
  .on(payments.charge, (state, heard) => {
    if (payments.charge.exhausted(heard)) return { words: [...state.words, `${heard.outcome}: ${heard.lastError?.message}`] };
    return { words: [...state.words, payments.charge.failed(heard) ? heard.data.reason : heard.paymentId] };
  });

const begun = async (): Promise<Instance> => {
  const instance = new Instance(watch);
  await instance.starts(Nudge, { word: 'first' });
  return instance;
};
const says = (instance: Instance, word: string) => instance.starts(Nudge, { word });
const wordsOf = (instance: Instance): readonly string[] =>
  (instance.image.view as { readonly data: { readonly words: readonly string[] } }).data.words;

describe('a decider', () => {
  test('is created by the first event for an id, from its initial state', async () => {
    const instance = await begun();
    expect(wordsOf(instance)).toEqual(['a', 'first']);
    expect(instance.trace()).toEqual(['ProcessStarted', 'ViewChanged view:1']);
    await instance.starts(Checkout, { note: 'hello' });
    expect(wordsOf(instance)).toEqual(['a', 'first', 'hello']);
    expect(instance.entries('EventReceived')).toHaveLength(1);
  });

  test('handles an event once', async () => {
    const instance = await begun();
    await instance.starts(Nudge, { word: 'twice' }, { id: 'same' });
    expect(await instance.starts(Nudge, { word: 'twice' }, { id: 'same' })).toBe('dup');
    expect(wordsOf(instance)).toEqual(['a', 'first', 'twice']);
  });

  test('receives frozen data', async () => {
    const spoiler = decider('spoiler', { state: Words, initial: () => ({ words: [] }) }).on(
      Nudge.byId((nudge) => nudge.id),
      (state) => {
        (state.words as string[]).push('spoilt');
        return state;
      },
    );
    const instance = new Instance(spoiler);
    await instance.starts(Nudge, {});
    expect(instance.bug?.message).toMatch(/^TypeError: Cannot add property 0/);
  });

  test('ends with a result after all other actions of the handler, whatever the position of end', async () => {
    const instance = await begun();
    await says(instance, 'in');
    await says(instance, 'end');
    expect(instance.status).toBe('completed');
    expect(instance.entries('ProcessCompleted')[0]?.data).toEqual({ total: 4 });
    expect(instance.published()).toEqual([{ text: 'last' }]);
    expect(instance.timers()).toEqual([]);
    expect(await says(instance, 'more')).toBe('closed');
  });

  test('publishes its declared events, and skips actions that are false or undefined', async () => {
    const instance = await begun();
    await says(instance, 'publish');
    expect(instance.published()).toEqual([{ text: 'told' }]);
  });

  test.each([
    ['throw', 'TypeError: a bug'],
    ['bad state', 'the state of watch after event shop.nudge words: Invalid input: expected array, received number.'],
    ['bad input', 'notes.ask was sent with text: Invalid input: expected string, received number.'],
    ['publish undeclared', 'watch publishes shop.nudge, which its publishes does not list.'],
  ])('is stuck with POISON and keeps its state after a mistake: %s', async (word, message) => {
    const instance = await begun();
    await says(instance, word);
    expect(instance.bug?.code).toBe('POISON');
    expect(instance.bug?.message).toContain(message);
    expect(wordsOf(instance)).toEqual(['a', 'first']);
  });

  test.each([
    ['cancel', 'cancelled', 'ProcessCancelled'],
    ['terminate', 'terminated', 'ProcessTerminated'],
  ] as const)('applies the operation %s', async (act, status, entry) => {
    const instance = await begun();
    await says(instance, 'in');
    await instance.operates(act);
    expect(instance.status).toBe(status);
    expect(instance.entries(entry)).toHaveLength(1);
    expect(instance.timers()).toEqual([]);
  });
});

describe('the timers of a decider', () => {
  test('fire once, at their time', async () => {
    const instance = await begun();
    await says(instance, 'in');
    await instance.passes('1 minute');
    expect(wordsOf(instance).at(-1)).toBe('alarm undefined after 60 s');
    await instance.passes('1 day');
    expect(instance.entries('TimerFired')).toHaveLength(1);
  });

  test('in moves a timer that is set, within leaves it unchanged', async () => {
    const moved = await begun();
    await says(moved, 'in');
    await moved.passes('30 seconds');
    await says(moved, 'in');
    expect(moved.timers()).toEqual(['alarm in 60000 ms']);
    const left = await begun();
    await says(left, 'within');
    await left.passes('30 seconds');
    await says(left, 'within');
    expect(left.timers()).toEqual(['alarm in 30000 ms']);
  });

  test('at sets an instant, and one in the past fires at once', async () => {
    const instance = await begun();
    await says(instance, 'at');
    expect(instance.timers()).toEqual(['alarm in 5000 ms']);
    await says(instance, 'past');
    expect(wordsOf(instance).at(-1)).toBe('alarm undefined after 0 s');
  });

  test('clear drops a timer, and does nothing if none is set', async () => {
    const instance = await begun();
    await says(instance, 'in');
    await says(instance, 'clear');
    await says(instance, 'clear');
    expect(instance.timers()).toEqual([]);
    expect(instance.entries('TimerCleared')).toHaveLength(1);
    await instance.passes('2 minutes');
    expect(instance.entries('TimerFired')).toEqual([]);
  });
});

describe('the commands of a decider', () => {
  test('a reply is passed to its handler', async () => {
    const instance = await begun();
    await says(instance, 'ask');
    expect(instance.command('notes.ask').input).toEqual({ text: 'a asks' });
    await instance.completes('notes.ask', { answer: 'fine' });
    expect(wordsOf(instance).at(-1)).toBe('fine');
  });

  test('a declared failure is passed to its handler, and nothing is undone', async () => {
    const instance = await begun();
    await says(instance, 'pay');
    await instance.fails('payments.charge', 'Declined', { reason: 'empty' });
    expect(wordsOf(instance).at(-1)).toBe('empty');
    expect(instance.open()).toEqual([]);
  });

  test('without a handler a reply is only journaled', async () => {
    const instance = await begun();
    await says(instance, 'tell');
    const { view } = instance.image;
    await instance.completes('notes.notify');
    expect(instance.image.view).toEqual(view);
    expect(instance.entries('CommandAnswered')).toHaveLength(1);
  });

  test('its handler receives CommandExhausted after the last run, after a cancel, and if the outcome is unknown', async () => {
    const instance = await begun();
    await says(instance, 'ask');
    await instance.answers(instance.command('notes.ask'), 'cancelled');
    expect(wordsOf(instance).at(-1)).toBe('cancelled after 0');
    await says(instance, 'ask');
    await instance.isUnknown('notes.ask', 4);
    expect(wordsOf(instance).at(-1)).toBe('unknown after 4');
    expect(instance.status).toBe('running');
    expect(instance.open()).toEqual([]);
  });

  test('its handler receives CommandExhausted if no reply comes, even if the command has an undo: a decider undoes nothing', async () => {
    const instance = await begun();
    await says(instance, 'ask');
    await instance.passes('1 day');
    expect(instance.open()).toEqual(['notes.ask (send) (settling: within)']);
    await instance.passes('1 minute');
    expect(wordsOf(instance).at(-1)).toBe('unknown after 0');
    await says(instance, 'pay');
    await instance.isUnknown('payments.charge');
    expect(wordsOf(instance).at(-1)).toBe('unknown: Out of order.');
    expect(instance.image.tombstones).toEqual([]);
  });

  test('without a handler exhaustion is only journaled', async () => {
    const instance = await begun();
    await says(instance, 'tell');
    const { view } = instance.image;
    await instance.isUnknown('notes.notify');
    expect(instance.image.view).toEqual(view);
    expect(instance.status).toBe('running');
    expect(instance.open()).toEqual([]);
  });

  test('a command on which an older build was stuck is sent again by resume under a new number', async () => {
    const instance = new Instance(watch, { compare: false });
    await says(instance, 'tell');
    const { n } = instance.command('notes.notify');
    instance.command('notes.notify').due = Infinity;
    const stuck = { code: 'COMMAND_EXHAUSTED', message: 'It was exhausted.', n, definite: true, was: 'running' } as const;
    Object.assign(instance.image, { status: 'stuck', stuck });
    await instance.operates('resume');
    expect(instance.status).toBe('running');
    expect(instance.command('notes.notify')).toMatchObject({ attempt: 1, retries: 0 });
    expect(instance.command('notes.notify').n).toBeGreaterThan(n);
  });

  test('an open command leaves no tombstone when the decider ends', async () => {
    const instance = await begun();
    await says(instance, 'ask');
    await says(instance, 'end');
    expect(instance.image.tombstones).toEqual([]);
    expect(instance.open()).toEqual(['notes.ask (send)']);
    expect(await instance.completes('notes.ask', { answer: 'late' })).toBe('closed');
  });
});

test('a decider writes the same journal whether it is cached or loaded for each event', async () => {
  const [warm, cold] = [new Instance(watch, { compare: false }), new Instance(watch, { compare: false })];
  for (const word of ['first', 'in', 'ask', 'within', 'publish', 'clear', 'at']) {
    await says(warm, word);
    await says(cold, word);
    await cold.reload();
  }
  await warm.passes('10 seconds');
  await cold.passes('10 seconds');
  expect(cold.image.tail).toEqual(warm.image.tail);
  expect(cold.head.control).toBe(warm.head.control);
});
