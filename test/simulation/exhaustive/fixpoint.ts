import type { CommandEnvelope } from '../../../lib/contract/wire/envelope.ts';
import type { Engine } from '../../../lib/engine/engine.ts';
import type { ReceivedMessage } from '../../../lib/ports/message-queue.ts';
import { memoryEngine } from '../../../lib/testing/memory-engine.ts';
import type { Cloud } from './cloud.ts';
import type { ExploredQueue } from './explored-queue.ts';
import { replyBody } from './inbox-bodies.ts';
import { shop } from './shop-system.ts';

const ROUNDS_MAX = 500;

/**
 * Runs the cloud to its end, one message at a time and without faults: messages are delivered, services reply at once, and if nothing is
 * left to do, the clock advances to the next instant. Returns whether the cloud came to rest.
 */
export const settle = async (cloud: Cloud, answersMax = Infinity): Promise<boolean> => {
  const engine = engineOn(cloud);
  const answered = new Set<string>();
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    if (await deliverOne(cloud, engine)) continue;
    const command = [...cloud.sent.values()].filter((each) => !answered.has(nameOf(each))).toSorted(byId)[0];
    if (command && answered.size < answersMax) {
      answered.add(nameOf(command));
      cloud.inbox.add({ id: `answer ${nameOf(command)}`, body: replyBody(command), sentAt: cloud.now, visibleAt: cloud.now });
      continue;
    }
    const next = nextInstant(cloud);
    if (next === undefined || answersMax < Infinity) return true;
    cloud.now = Math.max(cloud.now, next);
    sweep(cloud);
  }
  return false;
};

/** The name has the attempt, so that a command that is sent again gets a reply again. */
const nameOf = ({ id, attempt }: CommandEnvelope): string => `${id}#${attempt}`;

const byId = (a: CommandEnvelope, b: CommandEnvelope): number => (nameOf(a) < nameOf(b) ? -1 : 1);

const deliverOne = async (cloud: Cloud, engine: Engine): Promise<boolean> => {
  for (const queue of [cloud.inbox, cloud.lane]) {
    const [message] = queue.ready(cloud.now);
    if (!message) continue;
    await deliver(cloud, engine, queue, queue.receive(message));
    return true;
  }
  return false;
};

const deliver = async (cloud: Cloud, engine: Engine, queue: ExploredQueue, received: ReceivedMessage): Promise<void> => {
  const { acknowledge, giveBack } = await engine.advance([received], { lane: queue === cloud.lane });
  if (acknowledge.length > 0) {
    cloud.checks.deleting(received.body, received.messageId);
    queue.delete(received);
  }
  for (const { seconds } of giveBack) queue.get(received.messageId).visibleAt = cloud.now + seconds * 1000;
  queue.release(received);
};

const nextInstant = ({ inbox, lane, heads }: Cloud): number | undefined => {
  const waiting = [...inbox.messages, ...lane.messages].filter(({ deleted }) => !deleted).map(({ visibleAt }) => visibleAt);
  const due = [...heads.resident()].flatMap((head) => head.due ?? []);
  return [...waiting, ...due].toSorted((a, b) => a - b)[0];
};

/** Sends the ticks of due timers, as the sweeper does every minute. */
const sweep = (cloud: Cloud): void => {
  for (const { pid, run, due } of cloud.heads.resident())
    if (due !== undefined && due <= cloud.now)
      cloud.inbox.add({
        id: `sweep ${cloud.inbox.messages.length}`,
        body: JSON.stringify({ tutti: 'tick', pid, run, tickAt: due }),
        sentAt: cloud.now,
        visibleAt: cloud.now,
      });
};

const engineOn = (cloud: Cloud): Engine => {
  let sends = 0;
  const { store, publisher, payloadStore: payloads, parking } = cloud;
  return memoryEngine({
    system: shop,
    ports: { store, sender: cloud.sender(() => `z${(sends += 1)}`), publisher, payloads, parking },
    clock: { now: () => cloud.now, sleep: () => Promise.resolve() },
    random: () => 0.5,
  });
};
