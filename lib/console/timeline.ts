import { instantText } from '../contract/wire/wire.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import { decodeHead, formatFault } from '../format/head-codec.ts';
import { isClosed } from '../core/image.ts';
import { runSteps, type RunStep } from '../client/run-steps.ts';
import { stepName } from '../client/operations/pending-steps.ts';
import { readRun, type ReadRun } from './journal-rows.ts';
import { invalid } from './request-values.ts';
import type { Call } from './route.ts';
import type { TimelineStep, TimelineView } from './views.ts';

const STEPS = 500;
const STEPS_MAX = 5_000;

export async function timelineView(call: Call): Promise<TimelineView> {
  const { reach, query } = call;
  const limit = query.number('limit') ?? STEPS;
  if (limit > STEPS_MAX) throw invalid(`The parameter limit is ${limit}: expected at most ${STEPS_MAX}.`);
  const read = await readRun(call);
  const isPast = query.number('at') !== undefined || read.isEarlier;
  const steps = runSteps({ pid: read.head.pid, run: read.run }, read.entries, isPast ? [] : openWaitsOf(read));
  const end = isPast ? lastInstant(read.entries) : (read.head.closedAt ?? reach.ports.clock.now());
  return {
    run: read.run,
    started: instantText(firstInstant(read.entries, read.head.startedAt)),
    until: instantText(end),
    total: steps.length,
    steps: steps.slice(-limit).map(shown),
  };
}

function firstInstant([first]: readonly JournalEntry[], otherwise: number): number {
  return first && 'at' in first ? first.at : otherwise;
}

function lastInstant(entries: readonly JournalEntry[]): number {
  const last = entries.findLast((entry) => 'at' in entry);
  return last && 'at' in last ? last.at : 0;
}

/** The waits without a time-out leave no entry before their event, so those that are open come from the head. */
function openWaitsOf({ head }: ReadRun): readonly string[] {
  return formatFault(head) === undefined && !isClosed(head.status) ? (decodeHead(head).waits ?? []) : [];
}

/** A scope that the library opens has a number as its label. */
const SUFFIX = /^(?:undo|retry|timeout|run:\d+)$/;

function shown({ path, from, to, parts, sends, eventId: _eventId, ...step }: RunStep): TimelineStep {
  const scope = path
    .split('/')
    .slice(0, -1)
    .filter((part) => !SUFFIX.test(part))
    .map((part) => decoded(part.replace(/:1$/, '')));
  return {
    ...step,
    path,
    scope,
    name: decoded(stepName(path)),
    from: instantText(from),
    ...(to !== undefined && { to: instantText(to) }),
    parts: parts.map((part) => ({
      kind: part.kind,
      from: instantText(part.from),
      ...(part.to !== undefined && { to: instantText(part.to) }),
    })),
    attempts: sends.flatMap(({ isUndo, from: at, failed }) =>
      isUndo ? [] : [{ at: instantText(at), ...(failed !== undefined && { failed }) }],
    ),
  };
}

function decoded(label: string): string {
  try {
    return decodeURIComponent(label);
  } catch {
    return label;
  }
}
