import { replyKey } from '../../../lib/core/classify.ts';
import type { Image } from '../../../lib/core/image.ts';
import type { Reading, Target } from './reading.ts';
import type { Report } from './violations.ts';

/** I2: each pending send names an event of the message that decided it; a redelivery of any other message would not repeat the send. */
export const checkCarriers = (
  { pid, run, commands, pendingSends: fires }: Pick<Image, 'pid' | 'run' | 'commands' | 'pendingSends'>,
  readMessage: (messageId: string) => Reading | undefined,
  report: Report,
): void => {
  for (const { n, cause, messageId } of [...commands.values(), ...fires]) {
    const reading = readMessage(messageId);
    // A message whose data is stored apart is not read here.
    if (!reading || reading.apart || reading.targets.some((target) => keysOf(target).includes(cause))) continue;
    report('I2', `${pid}/${run}/${n} names ${cause} as its cause, but ${messageId}, which decided it, does not contain that`);
  }
};

const keysOf = (target: Target): readonly string[] => {
  switch (target.kind) {
    case 'event':
      return target.keys;
    case 'reply':
      return [replyKey(target.run, target.n, target.outcome)];
    case 'operate':
      return [`o:${target.id}`];
    case 'tick':
      return [`t:${target.run}:${target.tickAt}`];
  }
};
