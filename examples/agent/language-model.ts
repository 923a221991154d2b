import type { Tool } from 'tutti';
import type { Message } from './contracts.ts';

interface Completion {
  readonly text: string;
  readonly calls: { readonly id: string; readonly name: string; readonly input: Readonly<Record<string, string | number>> }[];
}

/**
 * Plays a language model, so that the example needs no account. It makes the errors that models make: it calls a tool that does not exist,
 * and writes an amount as text. With a real model, send `messages` and `tools` to its API here.
 */
export function complete(messages: readonly Message[], tools: readonly Tool[]): Completion {
  const question = messages[0]?.role === 'user' ? messages[0].text : '';
  const results = messages.flatMap((message) => (message.role === 'tool' ? [message.text] : []));
  const orderId = /o-\d+/.exec(question)?.[0] ?? 'unknown';
  const call = (name: string, input: Readonly<Record<string, string | number>>): Completion => ({
    text: '',
    calls: [{ id: `call-${results.length + 1}`, name, input }],
  });
  const last = results.at(-1);
  if (last === undefined) return question.startsWith('Cancel') ? call('cancelOrder', { orderId }) : call('lookUpOrder', { orderId });
  if (last.startsWith('There is no command')) return { text: `I can only use ${tools.map(({ name }) => name).join(' and ')}.`, calls: [] };
  if (last.startsWith('refund was called with')) return call('refund', { orderId, cents: paidCents(results) });
  if (last.startsWith('{"item"')) return call('refund', { orderId, cents: `${paidCents(results) / 100} EUR` });
  if (last.startsWith('{"refundId"')) return { text: `Your money for ${orderId} is on its way.`, calls: [] };
  return { text: `I cannot refund ${orderId}: ${last}`, calls: [] };
}

function paidCents(results: readonly string[]): number {
  return Number(/"paidCents":(\d+)/.exec(results.join())?.[1] ?? 0);
}
