import { canonical } from '../../../lib/contract/wire/json.ts';
import { parseCommandId, type CommandKey } from '../../../lib/contract/wire/process-id.ts';
import type { JournalEntry, Origin, RecordedFact } from '../../../lib/core/journal-entry.ts';
import type { JournalChunk } from '../../../lib/ports/process-store.ts';
import { forkIdentity } from './contracts.ts';
import type { ForkPicture, InstancePicture, PictureOf, RunPicture } from './instance-picture.ts';
import type { JournalContext } from './journal-context.ts';
import { goOn, takeIn } from './take-in.ts';
import type { Report } from './violations.ts';

type Fact<Type extends RecordedFact['type']> = Extract<RecordedFact, { type: Type }>;

/** The run whose names each entry has: in the prefix of a fork that of its original. */
export const namesOf = (entries: readonly JournalEntry[], own: Origin): readonly Origin[] => {
  let names = own;
  return entries.map((entry) => {
    if (entry.type === 'ProcessStarted' || entry.type === 'Forked') names = entry.origin ?? own;
    return names;
  });
};

/** The id of the command that a reply completes: of an adopted reply that of the original. */
export const answeredId = ({ n, late, adopted }: Fact<'CommandAnswered'>, { pid, run }: Origin): string =>
  adopted ?? `${pid}/${late?.run ?? run}/${n}`;

const originalOf = ({ commandId }: ForkPicture): Origin => {
  const { pid, run } = parseCommandId(commandId) as CommandKey;
  return { pid, run };
};

/** The run of the original; undefined if a restore has changed it. */
const runOfOriginal = (fork: ForkPicture, pictureOf: PictureOf): RunPicture | undefined => {
  const { pid, run } = originalOf(fork);
  const picture = pictureOf(pid);
  return picture?.disturbed ? undefined : picture?.runs.get(run);
};

/** I3: before it begins, a fork writes the journal of its original up to the cut, and nothing else. */
export const checkPrefixChunk = (fork: ForkPicture, { pid, from, entries }: JournalChunk, pictureOf: PictureOf, report: Report): void => {
  const original = runOfOriginal(fork, pictureOf);
  const names = original && namesOf(original.entries, originalOf(fork));
  for (const [i, text] of entries.entries()) {
    const at = from + i;
    fork.spilled.set(at, text);
    if (at >= fork.input.entries) report('I3', `entry ${at} of ${pid} was spilled before it was committed`);
    else if (original && names && asAdopted(original.entries[at], names[at]) !== plainText(JSON.parse(text) as JournalEntry))
      report('I3', `${pid} adopts an entry ${at} that differs from that of ${originalOf(fork).pid}: ${text.slice(0, 200)}`);
  }
};

/** The entry as the fork journals it, but for the id that its code sees. */
const asAdopted = (entry: JournalEntry | undefined, origin: Origin | undefined): string => {
  if (entry?.type === 'Forked') return plainText({ ...entry, origin: origin as Origin });
  if (entry?.type !== 'ProcessStarted') return entry ? plainText(entry) : '';
  const { parent: _parent, ...rest } = entry;
  return plainText({ ...rest, origin: origin as Origin });
};

const plainText = (entry: JournalEntry): string => {
  const { named: _named, ...rest } = entry as Fact<'ProcessStarted'>;
  return canonical(JSON.parse(JSON.stringify(rest)) as never);
};

/** I7: a fork begins as the first run of its id, with the prefix that its chunks hold. */
export const beginFork = (picture: InstancePicture, run: RunPicture, fork: ForkPicture, report: Report): void => {
  const { input, spilled } = fork;
  if (picture.runs.size > 0 && !picture.disturbed) report('I7', `the fork ${run.run} has begun in place of another run of ${picture.pid}`);
  for (let at = 0; at < input.entries && spilled.has(at); at += 1) {
    const text = spilled.get(at) as string;
    const entry = JSON.parse(text) as JournalEntry;
    run.texts.push(text);
    run.entries.push(entry);
    takeIn(run, entry);
  }
  run.covered = run.texts.length;
  run.fork = fork;
  leaveToOriginal(run, { pid: picture.pid, run: run.run });
};

/**
 * Only calls that are open at the cut are commands of the fork. A step that was completed before has the id of the original, and commands that
 * no step awaits stay with it. The fork subscribes to the keys again.
 */
const leaveToOriginal = (run: RunPicture, own: Origin): void => {
  const { entries, issued, byPath, answers } = run;
  const names = namesOf(entries, own);
  const detached = new Set(entries.flatMap((entry) => (entry.type === 'StepDetached' ? [entry.path] : [])));
  for (const [at, entry] of entries.entries())
    if (entry.type === 'EventReceived') run.heard.add(`${entry.event} ${entry.id}`);
    else if (entry.type === 'CommandIssued') {
      const isLeft = entry.mode === 'send' || detached.has(entry.path);
      if (isLeft || answers.has(entry.n)) issued.delete(entry.n);
      if (isLeft) byPath.delete(entry.path);
    } else if (entry.type === 'CommandAnswered' && entry.outcome === 'completed' && !entry.late && !isUndo(entries, entry.n))
      run.adopted.add(answeredId(entry, names[at] as Origin));
};

const isUndo = (entries: readonly JournalEntry[], n: number): boolean =>
  entries.some((entry) => entry.type === 'CommandIssued' && entry.n === n && entry.undoes !== undefined);

/** I1, I7, I12: a fork goes on where its prefix ends, as the operator of the original has asked for. */
export const checkForked = (context: JournalContext, entry: Fact<'Forked'>, index: number): void => {
  const { run, picture, report } = context;
  run.ids.add(entry.id);
  checkBegunByOriginal(context, entry.id, index);
  const { fork } = run;
  if (!fork) return;
  const { input } = fork;
  if (entry.by !== input.by) report('I12', `${picture.pid} was forked by ${entry.by}: ${input.by} has asked for it`);
  if (entry.edited !== input.edited) report('I7', `${picture.pid} has edited ${entry.edited}: ${input.edited} was to be edited`);
  adoptPrefix(context);
  goOn(run, entry);
};

/** I1: the original has journaled the request before the fork begins. */
export const checkBegunByOriginal = ({ run, picture, pictureOf, report }: JournalContext, id: string, index: number): void => {
  const where = `${picture.pid}/${run.run}`;
  const { fork } = run;
  if (!fork || fork.commandId !== id || run.run !== forkIdentity(picture.pid, id)) {
    report('I7', `${where} was forked by ${id}, whose run has another name`);
    return;
  }
  const { input } = fork;
  if (index !== input.entries) report('I7', `${where} goes on at entry ${index}: its prefix has ${input.entries}`);
  const original = runOfOriginal(fork, pictureOf);
  const asked = original?.entries.find((entry) => entry.type === 'ForkRequested' && entry.id === input.operation);
  if (original && (asked?.type !== 'ForkRequested' || asked.to !== picture.pid || asked.by !== input.by))
    report('I1', `${where} is a fork that ${input.by} has not asked ${originalOf(fork).pid} for`);
};

/** The first entry of the original of a fork; undefined if a restore has changed it. */
export const firstOfOriginal = ({ run: { fork }, pictureOf }: JournalContext): Fact<'ProcessStarted'> | undefined => {
  const [first] = (fork && runOfOriginal(fork, pictureOf)?.entries) ?? [];
  return first?.type === 'ProcessStarted' ? first : undefined;
};

const adoptPrefix = ({ run, picture, owners, report, pictureOf }: JournalContext): void => {
  const fork = run.fork as ForkPicture;
  if (picture.disturbed || !runOfOriginal(fork, pictureOf)) return;
  for (const id of run.adopted) owners.adopts(picture.pid, id, report);
};

/** I5, I12: a fork adopts the reply that its original has journaled, of a step that the operator has chosen. */
export const checkAdopted = ({ run, picture, owners, pictureOf, report }: JournalContext, entry: Fact<'CommandAnswered'>): void => {
  const { fork } = run;
  const original = fork && runOfOriginal(fork, pictureOf);
  if (entry.outcome === 'completed' && entry.adopted !== undefined) run.adopted.add(entry.adopted);
  if (!original || picture.disturbed) return;
  const names = namesOf(original.entries, originalOf(fork));
  const given = original.entries.find(
    (each, at) =>
      each.type === 'CommandAnswered' &&
      each.n === entry.n &&
      !each.late &&
      each.outcome === entry.outcome &&
      answeredId(each, names[at] as Origin) === entry.adopted,
  );
  if (!given || fork.input.adopt?.includes(entry.n) !== true)
    report('I12', `${picture.pid} has adopted a reply to ${entry.adopted} that its original does not have, or that was not chosen`);
  owners.adopts(picture.pid, String(entry.adopted), report);
};

/** I15: a fork receives again what its original has received after the cut, and what the operator has added. */
export const checkReceivedAgain = ({ run, picture, pictureOf, report }: JournalContext, { id, event }: Fact<'EventReceived'>): void => {
  const { fork } = run;
  const original = fork && runOfOriginal(fork, pictureOf);
  if (!original) return;
  const wanted = fork.input.events ?? [];
  const isGiven = wanted.some((at) => {
    const each = original.entries[at];
    return at >= fork.input.entries && each?.type === 'EventReceived' && each.id === id && each.event === event;
  });
  if (!isGiven) report('I15', `${picture.pid} has received ${event} ${id} again, which was not chosen`);
};

/** I10, I12: an operator undoes a completed step with a fork, once. */
export const checkUndoneByFork = ({ run, picture, report }: JournalContext, { n, fork = '' }: Fact<'CommandAnswered'>): void => {
  if (picture.disturbed) return;
  if (run.answers.get(n)?.at(-1) !== 'completed') report('I10', `${picture.pid} undoes ${n} with ${fork}, and it was not completed`);
  if (!run.entries.some((entry) => entry.type === 'ForkRequested' && entry.id === fork))
    report('I12', `${picture.pid} undoes ${n} with ${fork}, and no operator has asked for that`);
};
