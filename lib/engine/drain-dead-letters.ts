import { buildPid, parsePid, pidOfCommand } from '../contract/process-id.ts';
import type { ReceivedMessage, VisibilityChange } from '../ports/message-queue.ts';
import type { AdvanceResult, EngineOptions } from './engine-context.ts';
import { forcedBody, INBOX, isForced } from './inbox-message.ts';
import { parkMessage, type ParkingPorts } from './park.ts';

export type DrainPorts = ParkingPorts & Pick<EngineOptions, 'sender' | 'onFault'>;

/** Messages of a dead-letter queue, which is for faults of the infrastructure only and is drained at once: each is sent back once, forced. */
export const drainDeadLetters = async (ports: DrainPorts, messages: readonly ReceivedMessage[]): Promise<AdvanceResult> => {
  const acknowledge: string[] = [];
  const giveBack: VisibilityChange[] = [];
  for (const message of messages) {
    if (await drained(ports, message)) acknowledge.push(message.receiptHandle);
    else giveBack.push({ receiptHandle: message.receiptHandle, seconds: 30 });
  }
  return { acknowledge, giveBack };
};

/** A port that fails keeps one message, not its neighbours. */
const drained = async (ports: DrainPorts, message: ReceivedMessage): Promise<boolean> => {
  try {
    if (!isForced(message)) return await sentBack(ports, message);
    await parked(ports, message, 'It could not be applied and came through the dead-letter queue twice.');
    return true;
  } catch (error) {
    ports.onFault?.(error);
    return false;
  }
};

/** What can never be sent as it is, such as one that its wrapper makes too long, is parked: its queue would forget it some day. */
const sentBack = async (ports: DrainPorts, message: ReceivedMessage): Promise<boolean> => {
  const [result] = await ports.sender.send(INBOX, [{ body: forcedBody(message) }]);
  if (result?.status === 'failed' && result.senderFault) {
    await parked(ports, message, `It could not be applied, and not be sent back to the inbox: ${result.reason}`);
    return true;
  }
  return result?.status === 'sent';
};

const parked = (ports: DrainPorts, message: ReceivedMessage, detail: string): Promise<void> =>
  parkMessage(ports, message, { pid: pidIn(message.body), reason: 'DEAD_LETTER', detail });

interface Body extends Partial<Record<'pid' | 'body' | 'tenant' | 'process' | 'id', unknown>> {
  readonly detail?: { readonly commandid?: unknown; readonly processid?: unknown };
}

/** The instance that a message names by itself, so that the next `resume` of it sends the message back; `''` where only the system's definitions could tell. */
const pidIn = (text: string): string => {
  try {
    const { body, pid, tenant, process, id, detail } = JSON.parse(text) as Body;
    if (typeof body === 'string') return pidIn(body);
    const started = isText(tenant) && isText(process) && isText(id) ? buildPid(tenant, process, id) : undefined;
    const asked = isText(detail?.commandid) ? pidOfCommand(detail.commandid) : undefined;
    const found = pid ?? detail?.processid ?? started ?? asked;
    return isText(found) && parsePid(found) !== undefined ? found : '';
  } catch {
    return '';
  }
};

const isText = (value: unknown): value is string => typeof value === 'string';
