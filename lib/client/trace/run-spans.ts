import { DataLost } from '../../contract/errors.ts';
import { commandText } from '../../contract/steps.ts';
import { parseCommandId, parsePid } from '../../contract/wire/process-id.ts';
import type { JournalEntry } from '../../core/journal-entry.ts';
import { failureName } from '../operations/failure-text.ts';
import { stepName } from '../operations/pending-steps.ts';
import { runSteps, type CommandSend, type RunStep } from '../run-steps.ts';
import { firstTraceId, runSpanId, sendSpanId, stepSpanId, traceIdAt, type RunName } from '../../format/span-ids.ts';

/**
 * Makes traces of journals.
 *
 * Input: the journal of a run. Output: the spans of the run, with ids that depend on nothing else, so that a second export adds nothing.
 * Trunk: `runSpans` writes one span of the run and one of each step; `otlp.ts` sends them; `span-ids.ts` names them.
 */

/** Times are milliseconds since the epoch. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** `producer`: a command that was sent; `consumer`: a run, which a message began. */
  readonly kind: 'internal' | 'producer' | 'consumer';
  readonly from: number;
  readonly to: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly SpanLink[];
  /** The message of a span that failed. */
  readonly failed?: string;
}

interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
}

export interface TracedRun extends RunName {
  readonly entries: readonly JournalEntry[];
  /** The paths of open waits, of which no entry tells. */
  readonly waits?: readonly string[];
  /** The `traceparent` of the message that began the run. The run links to it: a trace that its sampler drops does not drop the run. */
  readonly traceparent?: string;
  /** Open spans end here, with `tutti.in_progress`. */
  readonly now: number;
}

/** The spans of a run: its own, then the others in the order in which they began. Throws `JOURNAL_GAP` if `entries` do not begin with `ProcessStarted`. */
export function runSpans(run: TracedRun): readonly Span[] {
  const [started] = run.entries;
  if (started?.type !== 'ProcessStarted')
    throw new DataLost('JOURNAL_GAP', `The journal of ${run.pid} begins with ${started?.type ?? 'nothing'}: expected ProcessStarted.`);
  const steps = runSteps(run, run.entries, run.waits);
  const context: Context = { run, startedAt: started.at, scopes: new Map() };
  const spans = steps.flatMap((step) => spansOf(context, step));
  return [runSpan(run, started), ...spans.toSorted((a, b) => a.from - b.from)];
}

interface Context {
  readonly run: TracedRun;
  readonly startedAt: number;
  /** By path: the span of a scope. */
  readonly scopes: Map<string, Span>;
}

type Started = Extract<JournalEntry, { type: 'ProcessStarted' }>;

const ENDS = new Set(['ProcessCompleted', 'ProcessFailed', 'ProcessCancelled', 'ProcessTerminated', 'RunContinued']);

function runSpan(run: TracedRun, started: Started): Span {
  const { tenant, process, id } = parsePid(run.pid) ?? { tenant: '', process: run.pid, id: '' };
  const end = run.entries.findLast(({ type }) => ENDS.has(type));
  const last = run.entries.findLast((entry) => 'at' in entry) as { readonly at: number };
  return {
    traceId: firstTraceId(run),
    spanId: runSpanId(run),
    name: process,
    kind: 'consumer',
    from: started.at,
    to: end === undefined ? Math.max(run.now, last.at) : last.at,
    attributes: {
      'tutti.process': process,
      'tutti.id': id,
      'tutti.run': run.run,
      'tutti.definition': started.definition,
      ...(tenant !== 'default' && { 'tutti.tenant': tenant }),
      ...(started.code !== undefined && { 'tutti.code': started.code }),
      ...(end === undefined ? { 'tutti.in_progress': true } : { 'tutti.end': end.type }),
      'messaging.message.id': started.id,
    },
    links: runLinks(run, started),
    ...(end?.type === 'ProcessFailed' && { failed: failureName(end.data) }),
  };
}

/** Links to the message that began the run, the run that it continues, the run of its parent and the original of a fork. */
function runLinks({ pid, traceparent }: TracedRun, { continues, parent, origin }: Started): readonly SpanLink[] {
  const links: SpanLink[] = [];
  const caller = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(traceparent ?? '');
  if (caller) links.push({ traceId: caller[1] as string, spanId: caller[2] as string });
  if (continues) links.push(linkTo({ pid, run: continues.run }));
  const command = parent === undefined ? undefined : parseCommandId(parent);
  if (command) links.push(linkTo(command));
  if (origin) links.push(linkTo(origin));
  return links;
}

function linkTo(run: RunName): SpanLink {
  return { traceId: firstTraceId(run), spanId: runSpanId(run) };
}

/** One span of each send of a command, because the span of its handler has that of its send as its parent; else one span of the step. */
function spansOf(context: Context, step: RunStep): readonly Span[] {
  if (step.sends.length > 0) return step.sends.map((send) => sendSpan(context, step, send));
  const span: Span = {
    ...placed(context, step, step),
    spanId: stepSpanId(context.run, step.path),
    name: `${WORDS[step.kind]} ${stepName(step.path)}`,
    kind: 'internal',
    ...(step.state === 'failed' && { failed: step.failure ?? 'failed' }),
  };
  if (step.kind === 'scope' || step.kind === 'compensation') context.scopes.set(step.path, span);
  return [span];
}

const WORDS: Readonly<Record<RunStep['kind'], string>> = {
  command: 'send',
  step: 'run',
  child: 'child',
  timer: 'sleep',
  wait: 'wait for',
  send: 'send',
  publish: 'publish',
  answer: 'answer',
  scope: 'scope',
  compensation: 'undo',
};

function sendSpan(context: Context, step: RunStep, send: CommandSend): Span {
  const to = send.to ?? (step.kind === 'send' ? send.from : step.to);
  const span = placed(context, step, { from: send.from, ...(to !== undefined && { to }) });
  const of = parseCommandId(send.commandId);
  const isService = step.kind === 'command' || step.kind === 'send';
  return {
    ...span,
    spanId: sendSpanId(send.commandId, send.attempt),
    name: `${WORDS[step.kind]} ${step.child?.process ?? (isService ? send.command : commandText(send.command, step.path))}`,
    kind: 'producer',
    attributes: {
      ...span.attributes,
      'tutti.attempt': send.attempt,
      ...(send.isUndo && { 'tutti.undo': true }),
      ...(send.outcome !== undefined && { 'tutti.outcome': send.outcome }),
      'messaging.operation.type': 'send',
      'messaging.message.id': send.commandId,
      ...(of && { 'messaging.message.conversation_id': `${of.pid}/${of.run}` }),
      ...(isService && { 'messaging.destination.name': send.command.split('.')[0] as string }),
    },
    ...(send.failed !== undefined && { failed: send.failed }),
  };
}

type Placed = Pick<Span, 'traceId' | 'parentSpanId' | 'from' | 'to' | 'attributes' | 'links'>;

/** The trace and the parent of a step: the scope around it, or the run. Neither is in a trace of a later hour: such a step links to the run. */
function placed(
  { run, startedAt, scopes }: Context,
  { path, state }: RunStep,
  { from, to }: { readonly from: number; readonly to?: number },
): Placed {
  const traceId = traceIdAt(run, startedAt, from);
  const scope = scopeAround(scopes, path);
  const isFirst = traceId === firstTraceId(run);
  const parentSpanId = scope?.traceId === traceId ? scope.spanId : isFirst ? runSpanId(run) : undefined;
  return {
    traceId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    from,
    to: to ?? Math.max(run.now, from),
    attributes: { 'tutti.path': path, ...(to === undefined ? { 'tutti.in_progress': true } : { 'tutti.state': state }) },
    links: parentSpanId === undefined ? [linkTo(run)] : [],
  };
}

function scopeAround(scopes: ReadonlyMap<string, Span>, path: string): Span | undefined {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const scope = scopes.get(path.slice(0, end));
    if (scope) return scope;
  }
  return undefined;
}
