import { isGate } from '../../contract/gate.ts';
import { commandText } from '../../contract/steps.ts';
import { parseCommandId, parsePid } from '../../contract/wire/process-id.ts';
import { CHILD } from '../../core/children.ts';
import { firstTraceId, runSpanId, sendSpanId, stepSpanId, traceIdAt, type RunName, type SpanName } from '../../format/span-ids.ts';

/** Times are milliseconds since the epoch. */
export interface Span extends SpanName {
  readonly parentSpanId?: string;
  readonly name: string;
  /** `producer`: a message that was sent; `consumer`: a run or an activation, which a message began. */
  readonly kind: 'internal' | 'producer' | 'consumer';
  readonly from: number;
  readonly to: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly SpanName[];
  /** The message of a span that failed. */
  readonly failed?: string;
}

/** A run, and when it began: both place its spans in traces. */
export interface PlacedRun extends RunName {
  readonly startedAt: number;
}

export function linkTo(run: RunName): SpanName {
  return { traceId: firstTraceId(run), spanId: runSpanId(run) };
}

/** The trace of what begins `at`. It has the span of the run as its parent, but in a trace of a later hour it links to the run. */
export function placedIn(run: PlacedRun, at: number): Pick<Span, 'traceId' | 'parentSpanId' | 'links'> {
  const traceId = traceIdAt(run, run.startedAt, at);
  return traceId === firstTraceId(run) ? { traceId, parentSpanId: runSpanId(run), links: [] } : { traceId, links: [linkTo(run)] };
}

/** A send of a command. It is made of a journal, and of a head that is about to send it: both give the same ids. */
export interface TracedSend {
  readonly commandId: string;
  readonly command: string;
  readonly path: string;
  readonly owner?: string | undefined;
  readonly attempt: number;
  readonly isUndo: boolean;
  /** When the command was first issued under any number. Its step, and all its sends, are in the trace of that instant. */
  readonly since: number;
  readonly from: number;
}

/**
 * The span of a send is an instant: the span of the step lasts until the reply, and the span of the handler is below the send. A command
 * that an earlier run of the chain has issued (`moved`) has its step in that run.
 */
export function sendSpan(run: PlacedRun, send: TracedSend, moved = false): Span {
  const { commandId, command, path, owner, attempt, isUndo, since, from } = send;
  const of = parseCommandId(commandId);
  return {
    traceId: traceIdAt(run, run.startedAt, since),
    spanId: sendSpanId(commandId, attempt),
    ...(!moved && { parentSpanId: stepSpanId(run, path) }),
    name: `send ${sentText(send)}`,
    kind: 'producer',
    from,
    to: from,
    attributes: {
      'tutti.path': path,
      'tutti.attempt': attempt,
      ...(isUndo && { 'tutti.undo': true }),
      ...sentAttributes(commandId, of),
      ...(owner === undefined && { 'messaging.destination.name': command.split('.')[0] as string }),
    },
    links: moved ? [linkTo(run)] : [],
  };
}

/** The span of an event that the process has published. */
export function publishSpan(run: PlacedRun, { id, type, at }: { readonly id: string; readonly type: string; readonly at: number }): Span {
  const attributes = sentAttributes(id, run);
  return { ...placedIn(run, at), spanId: sendSpanId(id, 1), name: `publish ${type}`, kind: 'producer', from: at, to: at, attributes };
}

function sentAttributes(id: string, of: RunName | undefined): Span['attributes'] {
  return {
    'messaging.operation.type': 'send',
    'messaging.message.id': id,
    ...(of && { 'messaging.message.conversation_id': `${of.pid}/${of.run}` }),
  };
}

/** The name of what is sent: the command, the process of a child, or the step that runs. */
export function sentText({ command, path, owner }: Pick<TracedSend, 'command' | 'path' | 'owner'>): string {
  if (owner !== undefined && command === CHILD && !isGate(owner)) return parsePid(owner)?.process ?? owner;
  return commandText(command, path, undefined, owner);
}
