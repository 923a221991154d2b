import { DataLost } from '../../contract/errors.ts';
import { parseCommandId, parsePid } from '../../contract/wire/process-id.ts';
import type { JournalEntry } from '../../core/journal-entry.ts';
import { failureName } from '../operations/failure-text.ts';
import { stepName } from '../operations/pending-steps.ts';
import { runSteps, type CommandSend, type RunStep } from '../run-steps.ts';
import { firstTraceId, runSpanId, spanIn, stepSpanId, type RunName, type SpanName } from '../../format/span-ids.ts';
import { linkTo, placedIn, publishSpan, sendSpan, sentText, type PlacedRun, type Span } from './span.ts';

/**
 * Makes traces of journals.
 *
 * Input: the journal of a run. Output: the spans of the run, with ids that depend on nothing else, so that a second export adds nothing.
 * Trunk: `runSpans` writes one span of the run, of each step and of each send; `span.ts` has what a journal and a running engine share;
 * `otlp.ts` sends spans; lib/format/span-ids.ts names them.
 */

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
  const context: Context = { run: { pid: run.pid, run: run.run, startedAt: started.at }, now: run.now, scopes: new Map() };
  const spans = steps.flatMap((step) => spansOf(context, step));
  return [runSpan(run, started), ...spans.toSorted((a, b) => a.from - b.from)];
}

interface Context {
  readonly run: PlacedRun;
  readonly now: number;
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
function runLinks({ pid, traceparent }: TracedRun, { continues, parent, origin }: Started): readonly SpanName[] {
  const caller = spanIn(traceparent);
  const command = parent === undefined ? undefined : parseCommandId(parent);
  return [
    ...(caller ? [caller] : []),
    ...(continues ? [linkTo({ pid, run: continues.run })] : []),
    ...(command ? [linkTo(command)] : []),
    ...(origin ? [linkTo(origin)] : []),
  ];
}

/** The span of a step. A command has a span for each of its sends below it, because the span of its handler has that of its send as its parent. */
function spansOf(context: Context, step: RunStep): readonly Span[] {
  if (step.sends.length > 0) return commandSpans(context, step);
  if (step.kind === 'publish') return [publishSpan(context.run, { id: step.eventId as string, type: stepName(step.path), at: step.from })];
  const span: Span = {
    ...placed(context, step.path, step),
    name: `${WORDS[step.kind]} ${stepName(step.path)}`,
    ...(step.state === 'failed' && { failed: step.failure ?? 'failed' }),
  };
  if (step.kind === 'scope' || step.kind === 'compensation') context.scopes.set(step.path, span);
  return [span];
}

const WORDS: Readonly<Record<Exclude<RunStep['kind'], 'publish'>, string>> = {
  command: 'call',
  step: 'run',
  child: 'child',
  timer: 'sleep',
  wait: 'wait for',
  send: 'send',
  answer: 'answer',
  scope: 'scope',
  compensation: 'undo',
};

/** A command and its undo are two spans, each with its sends. */
function commandSpans(context: Context, step: RunStep): readonly Span[] {
  const bySend = new Map<string, CommandSend[]>();
  for (const send of step.sends) bySend.set(send.path, [...(bySend.get(send.path) ?? []), send]);
  return Array.from(bySend, ([path, sends]) => {
    const last = sends.at(-1) as CommandSend;
    const isLast = last === step.sends.at(-1);
    const isOpen = isLast && step.state === 'open' && step.kind !== 'send';
    const to = isOpen ? undefined : (last.to ?? (step.kind === 'send' ? last.from : step.to));
    const span = placed(context, path, { from: last.since, state: isLast ? step.state : 'done', ...(to !== undefined && { to }) });
    const command: Span = {
      ...span,
      name: `${WORDS[step.kind as keyof typeof WORDS]} ${sentText(last)}`,
      attributes: {
        ...span.attributes,
        ...(last.isUndo && { 'tutti.undo': true }),
        ...(last.outcome !== undefined && { 'tutti.outcome': last.outcome }),
      },
      ...(last.failed !== undefined && { failed: last.failed }),
    };
    return [command, ...sends.map((send) => sendSpan(context.run, send))];
  }).flat();
}

/** The trace and the parent of a step: the scope around it, or the run. Neither is in a trace of a later hour: such a step links to the run. */
function placed(
  { run, now, scopes }: Context,
  path: string,
  { from, to, state }: Pick<RunStep, 'from' | 'to' | 'state'>,
): Omit<Span, 'name'> {
  const inRun = placedIn(run, from);
  const scope = scopeAround(scopes, path);
  const ofScope = scope?.traceId === inRun.traceId && { parentSpanId: scope.spanId, links: [] };
  return {
    ...inRun,
    ...ofScope,
    spanId: stepSpanId(run, path),
    kind: 'internal',
    from,
    to: to ?? Math.max(now, from),
    attributes: { 'tutti.path': path, ...(to === undefined ? { 'tutti.in_progress': true } : { 'tutti.state': state }) },
  };
}

function scopeAround(scopes: ReadonlyMap<string, Span>, path: string): Span | undefined {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const scope = scopes.get(path.slice(0, end));
    if (scope) return scope;
  }
  return undefined;
}
