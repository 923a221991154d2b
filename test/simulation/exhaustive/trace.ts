import type { CommitResult, EarlyEvent, Head } from '../../../lib/ports/process-store.ts';
import type { OutgoingEvent } from '../../../lib/ports/event-publisher.ts';
import type { OutgoingMessage } from '../../../lib/ports/message-sender.ts';
import type { ParkedEvent } from '../../../lib/ports/parking-store.ts';
import type { ReceivedMessage } from '../../../lib/ports/message-queue.ts';
import type { CallFault, PendingCall } from './explored-worker.ts';
import type { QueuedMessage } from './explored-queue.ts';
import type { Step } from './world.ts';

export const describeStep = (step: Step): string => {
  switch (step.kind) {
    case 'receive':
      return `${step.worker.name}  receives ${step.messages.map((message) => describeMessage(message, step.again)).join(', ')}`;
    case 'crash':
      return `${step.worker.name}  crashes`;
    case 'end':
      return '-  the cloud runs to its end';
    case 'call':
      return `${step.worker.name}  ${describeCall(step.call)}${describeFault(step.fault)}`;
  }
};

const describeMessage = (message: QueuedMessage, again: QueuedMessage | undefined): string => {
  if (message !== again) return message.receiveCount > 0 ? `${message.id} again` : message.id;
  return `${message.id} once more — FAULT: ${message.deleted ? 'it was deleted' : 'a worker holds it'}`;
};

const describeCall = ({ name, args }: PendingCall): string => {
  const [first, second] = args;
  switch (name) {
    case 'load':
      return `load ${(first as readonly string[]).join(', ')}`;
    case 'commit': {
      const { pid, version, status } = first as Head;
      return `commit ${pid} as version ${version}, ${status}`;
    }
    case 'buffer':
      return `buffer an event of ${(first as EarlyEvent).pid}`;
    case 'send':
      return `send to ${String(first)}: ${(second as readonly OutgoingMessage[]).map(({ body }) => idOf(body)).join(', ')}`;
    case 'publish':
      return `publish ${(first as readonly OutgoingEvent[]).map(({ type }) => type).join(', ')}`;
    case 'park':
      return `park ${(first as ParkedEvent).id} beside ${(first as ParkedEvent).pid}`;
    case 'delete':
      return `delete ${(first as readonly ReceivedMessage[]).map(({ messageId }) => messageId).join(', ')}`;
    default:
      return `${name} ${typeof first === 'string' ? first : ''}`.trimEnd();
  }
};

const idOf = (body: string): string => {
  const { id, tutti } = JSON.parse(body) as { readonly id?: string; readonly tutti?: string };
  return id ?? `a message of the kind ${tutti}`;
};

const describeFault = (fault: CallFault): string => {
  if (typeof fault === 'object') return ` — FAULT: part ${fault.refused + 1} is refused`;
  if (fault === 'fails') return ' — FAULT: it fails';
  if (fault === 'answer-lost') return ' — FAULT: its answer is lost';
  return fault === 'overtaken' ? ' — which works, although it was delivered again' : '';
};

/** The result of a call, after the call took effect. */
export const describeTold = (step: Step): string => {
  if (step.kind !== 'call' || typeof step.fault === 'object' || step.fault !== 'none') return '';
  const { told } = step.worker;
  if (step.call.name === 'load') {
    const heads = told as readonly (Head | undefined)[];
    return ` → ${heads.map((head) => (head ? `version ${head.version}, ${head.status}` : 'none')).join('; ')}`;
  }
  if (step.call.name !== 'commit') return '';
  const result = told as CommitResult;
  return result.status === 'committed' ? ' → done' : ` → conflict, version ${result.current?.version ?? 'none'} stands`;
};
