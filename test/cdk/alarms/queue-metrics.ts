import type { Samples } from './alarm-states.ts';

/** The reaction of a receiver to a message: it deletes the message, or hides it for a number of seconds. */
export type Receiver = (message: { readonly number: number; readonly receives: number; readonly second: number }) => 'delete' | number;

interface Message {
  readonly number: number;
  readonly sentAt: number;
  visibleAt: number;
  receives: number;
  /** Deleted at this second. */
  doneAt: number;
}

export interface QueueLife {
  readonly minutes: number;
  /** The seconds at which a message arrives. */
  readonly arrivals: readonly number[];
  /** How long a handler works before its message is deleted. @default 1 */
  readonly workSeconds?: number;
  /** How often a message is delivered before it goes to the dead-letter queue. @default it stays */
  readonly receivesMax?: number;
  /** @default nothing receives */
  readonly receiver?: Receiver;
}

/**
 * The CloudWatch metrics of one queue, simulated second by second ("Available CloudWatch metrics for Amazon SQS"). Messages are counted once a
 * minute, as visible or in flight; the age excludes messages that were received three times.
 */
export function queueMetrics({
  minutes,
  arrivals,
  workSeconds = 1,
  receivesMax = Infinity,
  receiver,
}: QueueLife): (metric: string) => Samples {
  const shown = new Map<string, number[][]>();
  const show = (metric: string, minute: number, value: number): void => {
    const values = shown.get(metric) ?? [];
    (values[minute] ??= []).push(value);
    shown.set(metric, values);
  };
  let messages: Message[] = [];
  let arrived = 0;
  let [received, deleted] = [0, 0];
  for (let second = 0; second < minutes * 60; second += 1) {
    for (; arrived < arrivals.length && (arrivals[arrived] as number) <= second; arrived += 1)
      messages.push({ number: arrived, sentAt: second, visibleAt: second, receives: 0, doneAt: Infinity });
    const before = messages.length;
    messages = messages.filter(({ doneAt }) => doneAt > second);
    deleted += before - messages.length;
    messages = messages.filter(({ visibleAt, receives }) => visibleAt > second || receives < receivesMax);
    if (receiver)
      for (const message of messages.filter(({ visibleAt }) => visibleAt <= second)) {
        message.receives += 1;
        received += 1;
        const answer = receiver({ number: message.number, receives: message.receives, second });
        if (answer === 'delete') message.doneAt = second + workSeconds;
        message.visibleAt = second + (answer === 'delete' ? workSeconds + 120 : answer);
      }
    // A sample at an arbitrary moment of the minute.
    if (second % 60 !== 37) continue;
    const minute = (second - 37) / 60 + 1;
    const visible = messages.filter(({ visibleAt }) => visibleAt <= second);
    const counted = messages.filter(({ receives }) => receives < 3);
    if (visible.length > 0) show('ApproximateNumberOfMessagesVisible', minute, visible.length);
    if (visible.length < messages.length) show('ApproximateNumberOfMessagesNotVisible', minute, messages.length - visible.length);
    if (messages.length > 0) show('ApproximateAgeOfOldestMessage', minute, Math.max(0, ...counted.map(({ sentAt }) => second - sentAt)));
    show('NumberOfMessagesReceived', minute, received);
    show('NumberOfMessagesDeleted', minute, deleted);
    [received, deleted] = [0, 0];
  }
  return (metric) => (minute) => shown.get(metric)?.[minute] ?? [];
}
