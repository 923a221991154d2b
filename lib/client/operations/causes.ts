import { instantText } from '../../contract/wire/wire.ts';
import { sha256 } from '../../format/inbox-message.ts';
import type { Head } from '../../ports/process-store.ts';
import type { Reach } from '../connection.ts';
import { namesOf, nameOf } from '../instance.ts';
import type { Status } from '../describe.ts';
import { whyOfHead } from './why-of-head.ts';

/** Instances of one process with one status and one cause. A bug, or a service that is down, often holds thousands of them. */
export interface CauseGroup {
  /** Names the group in `--cause`. Equal for equal causes, also of another day. */
  readonly cause: string;
  readonly process: string;
  readonly status: Status;
  /** Why the instances of the group are stuck. */
  readonly code?: string;
  /** The reason, without the ids, numbers and instants of one instance. */
  readonly reason: string;
  readonly remedy?: string;
  readonly count: number;
  /** ISO instant: since when the first instance of the group is stuck, or when it ended or started. */
  readonly oldest: string;
  /** The instance that `oldest` is about. */
  readonly example: ReturnType<typeof namesOf>;
}

interface Cause {
  readonly cause: string;
  readonly code?: string;
  readonly reason: string;
  readonly remedy?: string;
}

/** The cause of an instance: why it is stuck, how it ended, or what it waits for. */
export function causeOf(reach: Reach, head: Head): Cause {
  const { reason, stuck } = whyOfHead(reach, head);
  const { process } = namesOf(head.pid);
  const shared = sharedText(reason, head);
  const cause = sha256(JSON.stringify([process, head.status, stuck?.code ?? '', shared])).slice(0, CAUSE_LENGTH);
  return { cause, reason: shared, ...(stuck === undefined ? {} : { code: stuck.code, remedy: stuck.remedy }) };
}

/** Short enough to type. Two of a thousand causes share one with a probability of 0.01 %. */
const CAUSE_LENGTH = 8;

/** Whether `wanted` names the cause of this instance: by its group, or by its stuck code. */
export function hasCause(reach: Reach, head: Head, wanted: string): boolean {
  const { cause, code } = causeOf(reach, head);
  return wanted === cause || wanted === code;
}

/** Groups the instances of a list by cause, the largest group first. */
export async function groupByCause(reach: Reach, heads: AsyncIterable<Head>): Promise<readonly CauseGroup[]> {
  const groups = new Map<string, CauseGroup>();
  for await (const head of heads) {
    const cause = causeOf(reach, head);
    const before = groups.get(cause.cause);
    const since = sinceOf(head);
    const isOldest = before === undefined || since < Date.parse(before.oldest);
    groups.set(cause.cause, {
      ...cause,
      process: namesOf(head.pid).process,
      status: head.status as Status,
      count: (before?.count ?? 0) + 1,
      oldest: isOldest ? instantText(since) : before.oldest,
      example: isOldest ? namesOf(head.pid) : before.example,
    });
  }
  return [...groups.values()].toSorted((one, other) => other.count - one.count || one.oldest.localeCompare(other.oldest));
}

/** A stuck head is not written again, so its clock is the time of the event that made it stuck. */
function sinceOf({ status, clock, startedAt, closedAt }: Head): number {
  return status === 'stuck' ? clock : (closedAt ?? startedAt);
}

const QUOTED = /"[^"]*"|'[^']*'/g;
const INSTANT = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
/** A place in the code, such as `book-seat.ts:12`, is the same for all instances. */
const PLACE = /\.[cm]?[jt]sx?:\d+/;
const OTHER = '…';

function sharedText(text: string, { pid }: Head): string {
  const whole = text.replaceAll(pid, OTHER).replaceAll(nameOf(pid), OTHER).replaceAll(QUOTED, OTHER).replaceAll(INSTANT, OTHER);
  return whole.split(/\s+/).map(sharedWord).join(' ');
}

/** The path of a step keeps its name and loses its ordinal. */
function sharedWord(word: string): string {
  if (PLACE.test(word)) return word;
  return word.replaceAll(/(?<=[a-z]):\d+/gi, '').replaceAll(/[\w.@#/-]*\d[\w.@#/-]*/g, OTHER);
}
