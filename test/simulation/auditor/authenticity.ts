import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import type { RunPicture } from './instance-picture.ts';
import type { JournalContext } from './journal-context.ts';

type Entry<Type extends JournalEntry['type']> = Extract<JournalEntry, { type: Type }>;

/** A start that its instance has not begun with. */
const isWaiting = (entry: JournalEntry): entry is Entry<'StartRejected' | 'StartQueued'> =>
  entry.type === 'StartRejected' || entry.type === 'StartQueued';

/** I12 and I15: a queue has accepted each applied event, from its owner and for this instance. */
export const checkEventIsAuthentic = (
  { picture, report }: JournalContext,
  entry: Entry<'ProcessStarted' | 'EventReceived' | 'StartRejected' | 'StartQueued'>,
): void => {
  const sources = isWaiting(entry) ? picture.starts.get(entry.id) : picture.events.get(`${entry.event} ${entry.id}`);
  const name = isWaiting(entry) ? entry.id : `${entry.event} ${entry.id}`;
  if (!sources) report('I15', `${picture.pid} applied ${name}, which no owner has sent to it`);
  else if (!sources.has(entry.source))
    report('I12', `${picture.pid} applied ${name} as from ${entry.source}: it came from ${[...sources].join(', ')}`);
};

/** I12: an applied answer came from the owner of the command, and is for the data that was sent. */
export const checkAnswerIsAuthentic = (
  { picture, run, contracts, report }: JournalContext,
  entry: Entry<'CommandAnswered'>,
  of: RunPicture | undefined,
): void => {
  const id = `${entry.late?.run ?? of?.run ?? run.run}/${entry.n}`;
  if (entry.resolved) {
    if (picture.operators.get(entry.resolved.id)?.by !== entry.resolved.by)
      report('I12', `${picture.pid}/${id} was resolved by ${entry.resolved.by}, which did not request it`);
    return;
  }
  const issued = of?.issued.get(entry.n);
  const owner = issued?.owner ?? contracts.command(issued?.command ?? entry.late?.command ?? '')?.service;
  const came = (picture.replies.get(id) ?? []).filter(({ outcome }) => outcome === entry.outcome);
  if (came.length === 0) report('I12', `${picture.pid}/${id} was answered ${entry.outcome}, but no queue has accepted that answer`);
  else if (!came.some(({ source }) => source === owner))
    report('I12', `${picture.pid}/${id} belongs to ${owner}, and ${came.map(({ source }) => source).join(', ')} answered it`);
  else if (issued && !came.some(({ source, hash }) => source === owner && hash.startsWith(`sha256:${issued.hash}`)))
    report('I12', `the answer to ${picture.pid}/${id} is for other data than was sent`);
};

/** I12: an act of an operator has a principal, and that principal has requested it. */
export const checkOperatorIsAuthentic = (
  { picture, report }: JournalContext,
  entry: Entry<'CancelRequested' | 'TerminateRequested' | 'Paused' | 'Moved' | 'Resumed' | 'ForkRequested'>,
): void => {
  // A parent has given it up, by the command that began it.
  if (entry.type === 'CancelRequested' && picture.starts.has(entry.id)) return;
  const asked = picture.operators.get(entry.id);
  if (entry.by === '') report('I12', `${entry.type} ${entry.id} on ${picture.pid} has no principal`);
  if (!asked) report('I12', `${entry.type} ${entry.id} on ${picture.pid} was requested by no operator`);
  else if (asked.by !== entry.by)
    report('I12', `${entry.type} ${entry.id} on ${picture.pid} was requested by ${asked.by}, not by ${entry.by}`);
};
