import { readdirSync, readFileSync } from 'node:fs';
import { answered, calls, everyCrash, given, happened, recordJournal, replayJournal, simulate, type World } from 'tutti/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { placeForeignSystems } from '../foreign-systems/ledger.ts';
import { CustomerAsked, desk, model, people, type ToolCall } from './contracts.ts';
import { refundAgent, support } from './refund-agent.ts';
import { approvals, refunds, services } from './services.ts';

const lamp = { chat: 'chat-1', question: 'The lamp of o-17 is broken. I want my money back.' };
const sofa = { chat: 'chat-2', question: 'The sofa of o-18 is too large. I want my money back.' };
const journals = new URL('journals/', import.meta.url);

beforeEach(() => placeForeignSystems('memory'));

const asked = async (question: typeof lamp): Promise<World> => {
  const world = simulate(support, { services });
  await world.client.publish(CustomerAsked, question);
  await world.settle();
  return world;
};
const answers = async (world: World, approved: boolean): Promise<void> => {
  for (const { token } of approvals.entries()) await world.client.complete(people.approve, token, { approved });
  await world.settle();
};
const paidBack = (): readonly number[] => refunds.entries().map(({ cents }) => cents);

describe('a refund', () => {
  test('with an amount that the model writes as text is refused, corrected by the model, and paid once', async () => {
    const world = await asked(lamp);
    expect(await world.client.result(refundAgent, 'chat-1')).toEqual({ answer: 'Your money for o-17 is on its way.' });
    expect(world.calls(desk.refund)).toEqual([{ orderId: 'o-17', cents: 4_900 }]);
    expect(paidBack()).toEqual([4_900]);
    recordJournal(world, refundAgent, 'chat-1', new URL('corrected.json', journals));
  });

  test('of a large amount waits for a person, and is paid after the approval', async () => {
    const world = await asked(sofa);
    expect(world.calls(people.approve)).toEqual([{ chat: 'chat-2', tool: 'refund', input: { orderId: 'o-18', cents: 89_000 } }]);
    expect(paidBack()).toEqual([]);
    await answers(world, true);
    expect(await world.client.result(refundAgent, 'chat-2')).toEqual({ answer: 'Your money for o-18 is on its way.' });
    expect(paidBack()).toEqual([89_000]);
    recordJournal(world, refundAgent, 'chat-2', new URL('approved.json', journals));
  });

  test('that a person declines is not paid, and the model explains it', async () => {
    const world = await asked(sofa);
    await answers(world, false);
    expect(await world.client.result(refundAgent, 'chat-2')).toEqual({
      answer: 'I cannot refund o-18: The support team did not approve it.',
    });
    expect(paidBack()).toEqual([]);
  });

  test('without an answer of a person in two days is not paid', async () => {
    const world = await asked(sofa);
    await world.advance('2 days');
    expect(await world.client.result(refundAgent, 'chat-2')).toEqual({
      answer: 'I cannot refund o-18: The support team did not approve it.',
    });
  });

  test('is paid once, after a crash at any step', async () => {
    await everyCrash(support, { services }, async (world) => {
      placeForeignSystems('memory');
      await world.client.publish(CustomerAsked, sofa, { id: 'asked' });
      await world.advance('1 hour');
      await answers(world, true);
      await world.advance('1 hour');
      expect(await world.client.result(refundAgent, 'chat-2')).toEqual({ answer: 'Your money for o-18 is on its way.' });
      expect(paidBack()).toEqual([89_000]);
    });
  });
});

describe('the model', () => {
  test('that calls a tool that does not exist learns which tools there are', async () => {
    const world = await asked({ chat: 'chat-3', question: 'Cancel o-17, please.' });
    expect(await world.client.result(refundAgent, 'chat-3')).toEqual({ answer: 'I can only use lookUpOrder and refund.' });
    recordJournal(world, refundAgent, 'chat-3', new URL('unknown-tool.json', journals));
  });

  test('gets the error of a tool', async () => {
    const world = await asked({ chat: 'chat-4', question: 'I want my money back for o-99.' });
    expect(await world.client.result(refundAgent, 'chat-4')).toEqual({
      answer: 'I cannot refund o-99: NoSuchOrder: {"orderId":"o-99"}',
    });
  });

  test.each<[string, ToolCall, string]>([
    [
      'an input that is no object',
      { id: 'c', name: 'refund', input: 'all of it' },
      'refund was called with a value: Invalid input: expected object, received string.',
    ],
    [
      'a name of another service',
      { id: 'c', name: 'people.approve', input: {} },
      'There is no command "people.approve" to dispatch: expected one of lookUpOrder, refund.',
    ],
  ])('that calls a tool with %s gets the reason', async (_case, call, text) => {
    const question = { role: 'user' as const, text: lamp.question };
    const calling = { text: '', calls: [call] };
    await given(refundAgent, happened(CustomerAsked, lamp))
      .when(answered(model.complete, calling))
      .expect(
        calls(model.complete, {
          messages: [question, { role: 'assistant', ...calling }, { role: 'tool', callId: 'c', text }],
        }),
      );
  });
});

const recorded = readdirSync(journals).filter((name) => name.endsWith('.json'));

test.each(recorded)('the journal %s replays on this code without a difference', async (name) => {
  expect(await replayJournal(support, JSON.parse(readFileSync(new URL(name, journals), 'utf8')))).toEqual([]);
});
