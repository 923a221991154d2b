import * as z from 'zod';
import { command, event, service, type InputOf, type OutputOf } from 'tutti';

export const CustomerAsked = event('chats.customer-asked', z.object({ chat: z.string(), question: z.string() }));

/** A tool call as a language model gives it. It may name any tool, with any input. */
const ToolCall = z.object({ id: z.string(), name: z.string(), input: z.json() });
const Message = z.discriminatedUnion('role', [
  z.object({ role: z.literal('user'), text: z.string() }),
  z.object({ role: z.literal('assistant'), text: z.string(), calls: z.array(ToolCall) }),
  z.object({ role: z.literal('tool'), callId: z.string(), text: z.string() }),
]);

export const model = service('model', {
  complete: command({
    input: z.object({ messages: z.array(Message) }),
    output: z.object({ text: z.string(), calls: z.array(ToolCall) }),
    timeout: '2 minutes',
  }),
});
export type Message = InputOf<typeof model.complete>['messages'][number];
export type ToolCall = OutputOf<typeof model.complete>['calls'][number];

/** The tools. `about` and the descriptions of the fields are for the model. */
export const desk = service('desk', {
  lookUpOrder: command({
    about: 'Finds an order by its id, and returns what was paid for it, in cents.',
    input: z.object({ orderId: z.string().describe('Such as o-17.') }),
    output: z.object({ item: z.string(), paidCents: z.int() }),
    errors: { NoSuchOrder: z.object({ orderId: z.string() }) },
  }),
  refund: command({
    about: 'Pays a part of an order back, or all of it.',
    input: z.object({ orderId: z.string(), cents: z.int().min(1).describe('100 is one euro.') }),
    output: z.object({ refundId: z.string() }),
    errors: { TooMuch: z.object({ paidCents: z.int() }) },
  }),
});

export const people = service('people', {
  approve: command({
    about: 'A person of the support team decides whether the assistant may do this.',
    input: z.object({ chat: z.string(), tool: z.string(), input: z.json() }),
    output: z.object({ approved: z.boolean() }),
    retry: { within: '7 days' }, // a person answers
  }),
});
