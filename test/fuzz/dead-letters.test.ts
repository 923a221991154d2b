import { expect, test } from 'vitest';
import { makeHandler } from '../../functions/drain-dead-letters/handler.ts';
import { tooLong } from '../../lib/contract/wire/wire.ts';
import { wrappedBody } from '../../lib/format/inbox-message.ts';
import { sqsEvent } from '../functions/sqs-event.ts';
import type { Choices } from '../simulation/world/choices.ts';
import { fuzz } from './fuzz.ts';
import { garbage, text } from './hostile-json.ts';
import { mutated } from './mutations.ts';
import { BATCH, inputsOf, timeoutMs } from './plan.ts';
import { Known, rightMessage } from './right-messages.ts';

/** The messages that return to the inbox contain each dead letter unchanged. */
const feed = async (choices: Choices): Promise<number> => {
  const known = new Known();
  const bodies = Array.from({ length: BATCH }, () => deadLetter(choices, known));
  const sent: string[] = [];
  const faults: unknown[] = [];
  const handler = makeHandler(() => ({
    clock: { now: () => 0, sleep: async () => undefined },
    sender: {
      send: async (_queue, messages) =>
        messages.map(({ body }) => {
          const reason = tooLong('body', body);
          if (reason !== undefined) return { status: 'failed', senderFault: true, reason };
          sent.push(body);
          return { status: 'sent', messageId: 'x' };
        }),
    },
    onFault: (error) => faults.push(error),
    queue: () => ({ changeVisibility: async () => [] }),
    log: (line) => faults.push(line),
  }));
  const { batchItemFailures } = await handler(
    sqsEvent(
      'shop-inbox-dead-letter',
      bodies.map((body, i) => ({ id: `m${i}`, body })),
    ),
  );
  expect({ batchItemFailures, faults }).toEqual({ batchItemFailures: [], faults: [] });
  const kept = sent.flatMap((body) => [body, wrappedBody(JSON.parse(body) as Parameters<typeof wrappedBody>[0])]);
  expect(sent.length).toBe(BATCH);
  for (const body of bodies)
    if (!kept.includes(body) && !kept.includes(innermost(body))) throw new Error(`A dead letter is lost: ${body.slice(0, 400)}`);
  return BATCH;
};

const deadLetter = (choices: Choices, known: Known): string => {
  const body = choices.chance(0.2)
    ? garbage(choices)
    : choices.chance(0.2)
      ? text(choices).repeat(choices.one([1, 1_000, 40_000]))
      : mutated(choices, rightMessage(choices, known, [])).body;
  return choices.chance(0.3)
    ? JSON.stringify({
        tutti: 'forced',
        ...(choices.chance(0.3) && { lane: true }),
        body,
        sentat: choices.one([0, 1_700_000_000_000, -1, 1.5]),
      })
    : body;
};

const innermost = (body: string): string => {
  try {
    return (JSON.parse(body) as { readonly body?: string } | null)?.body ?? body;
  } catch {
    return body;
  }
};

test(
  `the dead letters: each of ${inputsOf('dead letters')} is sent back unchanged`,
  async () => {
    await expect(fuzz('dead letters', feed)).resolves.toBeUndefined();
  },
  timeoutMs('dead letters'),
);
