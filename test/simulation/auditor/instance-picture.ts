import type { Outcome } from '../../../lib/contract/wire/envelope.ts';
import type { Image } from '../../../lib/core/image.ts';
import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import type { Head } from '../../../lib/ports/process-store.ts';
import type { Outbox } from './outbox.ts';
import type { Target } from './reading.ts';

export type ReplyTarget = Extract<Target, { kind: 'reply' }>;
export type OperateTarget = Extract<Target, { kind: 'operate' }>;

/** A command as its journal has it. */
export interface IssuedCommand {
  readonly command: string;
  readonly hash: string;
}

/** One run, as its committed heads have told it. Each entry is parsed once. */
export interface RunPicture {
  readonly run: string;
  /** Every entry ever committed, as it stands in the journal, and parsed. */
  readonly texts: string[];
  readonly entries: JournalEntry[];
  /** Entries before this index lie in chunks. */
  covered: number;
  definition: string;
  readonly issued: Map<number, IssuedCommand>;
  readonly byPath: Map<string, number[]>;
  /** Outcomes that decide something, in the order in which they were journaled; `late` ones apart. */
  readonly answers: Map<number, Outcome[]>;
  readonly late: Set<number>;
  /** Commands that the process went on without, as long as nobody knows their outcome. */
  readonly unresolved: Set<number>;
  readonly timers: Map<number, number>;
  /** Ids of events, starts and operator acts that the journal holds. */
  readonly ids: Set<string>;
  /** Events that were applied, as type and id. */
  readonly heard: Set<string>;
}

export const newRunPicture = (run: string, definition: string): RunPicture => ({
  run,
  texts: [],
  entries: [],
  covered: 0,
  definition,
  issued: new Map(),
  byPath: new Map(),
  answers: new Map(),
  late: new Set(),
  unresolved: new Set(),
  timers: new Map(),
  ids: new Set(),
  heard: new Set(),
});

/** What the auditor knows of one instance. Instants are the numbers of happenings. */
export interface InstancePicture {
  readonly pid: string;
  head: Head | undefined;
  /** Of the head, where it has a run. */
  image: Image | undefined;
  readonly runs: Map<string, RunPicture>;
  outbox: Outbox;
  /** When it was first committed with a run. */
  startedAt: number;
  /** Until when it was closed, or stuck: `Infinity` while it is, -1 where it never was. */
  closedUntil: number;
  stuckUntil: number;
  /** When it was last committed as stuck. */
  stuckAt: number;
  /** Its table was restored: what the lost suffix has done is excused. */
  disturbed: boolean;
  /** It was gone once: what came to it before nobody can tell any more. */
  wasRetired: boolean;
  wasStuck: boolean;
  /** A service has answered a command of it with invalid data. */
  wasContradicted: boolean;
  /** `type id` of the events that queues have accepted for it, with who sent them. */
  readonly events: Map<string, Set<string>>;
  /** By id alone. */
  readonly starts: Map<string, Set<string>>;
  /** By `run/n`. */
  readonly replies: Map<string, ReplyTarget[]>;
  readonly operators: Map<string, OperateTarget>;
  /** When each body was last parked beside it. */
  readonly parked: Map<string, { at: number; stuck: boolean }>;
}

export const isOpenRun = ({ head }: InstancePicture): boolean => head?.status === 'running' || head?.status === 'stuck';

export const newInstancePicture = (pid: string, outbox: Outbox): InstancePicture => ({
  pid,
  head: undefined,
  image: undefined,
  runs: new Map(),
  outbox,
  startedAt: Infinity,
  closedUntil: -1,
  stuckUntil: -1,
  stuckAt: -1,
  disturbed: false,
  wasRetired: false,
  wasStuck: false,
  wasContradicted: false,
  events: new Map(),
  starts: new Map(),
  replies: new Map(),
  operators: new Map(),
  parked: new Map(),
});
