import { milliseconds, type Duration } from '../contract/duration.ts';
import { ClientError, ContractError } from '../contract/errors.ts';
import type { EventContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import { isClosed, journalLength } from '../core/image.ts';
import type { Decided, JournalEntry } from '../core/journal-entry.ts';
import { chainOf, decodeHead, pastOf } from '../format/head-codec.ts';
import { parseEntry, runBefore, textsOfRun } from '../format/read-journal.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from './connection.ts';
import { nameOf, notFound, pidOf, readHead, readValue, type InstanceName } from './instance.ts';
import { readHeadJournal } from './operations/journal-view.ts';
import { resultOf } from './result.ts';
import { signalInstance } from './signal.ts';
import { waitForHead } from './wait.ts';
import { whyOfHead } from './operations/why-of-head.ts';

export interface AskOptions {
  /** How long to wait. After it the event stays, and is still answered. @default no limit */
  readonly timeout?: Duration;
  /** Id of the event: to ask again with the same id waits for the same answer. @default a new one */
  readonly id?: string;
}

type Answer = Extract<Decided, { type: 'EventAnswered' }>;

/** Sends an event to an instance and waits until its journal holds the answer. No message carries it: the journal is read. */
export async function askInstance(
  reach: Reach,
  instance: InstanceName,
  question: { readonly event: EventContract; readonly data: unknown },
  { timeout, id: eventId }: AskOptions = {},
): Promise<Json> {
  const { event, data } = question;
  const { ports } = reach;
  if (event.answer === undefined)
    throw new ContractError('DATA_INVALID', `${nameOf(pidOf(reach, instance))} was asked ${event.type}, which declares no answer.`);
  const pid = pidOf(reach, instance);
  const before = await readHead(ports, pid);
  const given = eventId === undefined || !before ? undefined : await answerBefore(reach, before, eventId);
  if (given) return readValue(ports.payloads, pid, given);
  const { id } = await signalInstance(reach, { ...instance, eventId }, event, data);
  const deadline = timeout === undefined ? Infinity : ports.clock.now() + milliseconds(timeout);
  // Entries before this index cannot hold the answer, unless the event was sent before.
  let from = eventId === undefined && before !== undefined ? journalLength(decodeHead(before)) : 0;
  let run = before?.run;
  for (;;) {
    const head = await waitForHead(ports, pid, {
      look: (current) => (current === undefined || current.status === 'early' ? undefined : seen(current, { id, from, run })),
      refused: () => refuseParked(reach, pid, id),
      ...(deadline === Infinity ? {} : { timeoutMs: Math.max(0, deadline - ports.clock.now()) }),
      timedOut: (current) => timedOut(reach, pid, current, event.type),
    });
    const answer = (await answerOf(reach, head, id)) ?? (run === head.run ? undefined : await answerOfOthers(reach, head, { run, id }));
    if (answer) {
      await ports.durable();
      return readValue(ports.payloads, pid, answer);
    }
    if (isClosed(head.status)) await refuseEnded(reach, instance, head, event.type);
    if (head.status === 'stuck')
      throw new ClientError('STUCK', `${nameOf(pid)} has not answered ${event.type}: ${whyOfHead(reach, head).line}.`);
    from = head.tailFrom + head.tail.length;
    run = head.run;
  }
}

/** The head, once it has the answer or never will, or once entries have left it that were not read. */
function seen(
  head: Head,
  { id, from, run: known }: { readonly id: string; readonly from: number; readonly run: string | undefined },
): Head | undefined {
  const isFirst = known === undefined;
  const run = known ?? head.run;
  if (isClosed(head.status) || head.status === 'stuck' || head.tailFrom > from || head.run !== run) return head;
  // The first head that is seen may be of a later run of the chain.
  if (isFirst && chainOf(head)) return head;
  return head.tail.some((text) => text.includes('"EventAnswered"')) && answerIn(head.tail.map(parseEntry), id) ? head : undefined;
}

async function answerOf({ ports }: Reach, head: Head, id: string): Promise<Answer | undefined> {
  return answerIn(head.tail.map(parseEntry), id) ?? answerIn(await readHeadJournal(ports, head, { payloads: false }), id);
}

/** The answer to a question that was asked before: of a run that has ended, or of an earlier run of the chain. */
async function answerBefore(reach: Reach, head: Head, id: string): Promise<Answer | undefined> {
  const own = isClosed(head.status) ? await answerOf(reach, head, id) : undefined;
  return own ?? (chainOf(head) && answerOfEarlier(reach, head, id));
}

/** A question that is older than so many runs is asked again. */
const RUNS_MAX = 10;

/** The answer in a run that a later one has replaced: the one that was seen last, or another one of the chain. */
async function answerOfOthers(
  reach: Reach,
  head: Head,
  { run, id }: { readonly run: string | undefined; readonly id: string },
): Promise<Answer | undefined> {
  const seenLast = run === undefined ? undefined : answerIn(await entriesOfRun(reach, head, run), id);
  return seenLast ?? (chainOf(head) && answerOfEarlier(reach, head, id));
}

async function answerOfEarlier({ ports }: Reach, head: Head, id: string): Promise<Answer | undefined> {
  const place = { ...head, past: pastOf(head) };
  let run = runBefore(await textsOfRun(ports.store, place, head.run));
  for (let runs = 0; run !== undefined && runs < RUNS_MAX; runs += 1) {
    const texts = await textsOfRun(ports.store, place, run);
    const answer = answerIn(texts.map(parseEntry), id);
    if (answer) return answer;
    run = runBefore(texts);
  }
  return undefined;
}

function answerIn(entries: readonly JournalEntry[], id: string): Answer | undefined {
  return entries.find((entry): entry is Answer => entry.type === 'EventAnswered' && entry.id === id);
}

/** The journal of a run that a later one has replaced. The last entries of a run that has just continued as new are still in the head. */
async function entriesOfRun({ ports }: Reach, head: Head, run: string): Promise<JournalEntry[]> {
  return (await textsOfRun(ports.store, { ...head, past: pastOf(head) }, run)).map(parseEntry);
}

/** The failure of an instance that failed or was cancelled is the failure of the question. */
async function refuseEnded(reach: Reach, instance: InstanceName, head: Head, type: string): Promise<never> {
  if (head.status === 'failed' || head.status === 'cancelled') await resultOf(reach, instance);
  throw new ClientError(
    'CLOSED',
    `${nameOf(head.pid)} has ended as ${head.status} without an answer to ${type}: expected an open instance.`,
  );
}

/** An event that the engine cannot apply is never answered. One that waits for a stuck or paused instance may still be. */
async function refuseParked({ ports }: Reach, pid: string, id: string): Promise<void> {
  const parked = (await ports.parking.parked(pid)).find(
    ({ event, reason }) => event?.id === id && reason !== 'PAUSED' && reason !== 'STUCK',
  );
  if (parked) throw new ClientError('CLOSED', `${nameOf(pid)} does not answer: its event is parked as ${parked.reason}: ${parked.detail}`);
}

function timedOut(reach: Reach, pid: string, head: Head | undefined, type: string): ClientError {
  if (head === undefined || head.status === 'early') return notFound(pid, head);
  return new ClientError('TIMED_OUT', `${nameOf(pid)} has not answered ${type} yet, and keeps it: ${whyOfHead(reach, head).line}.`);
}
