import type { ForkInput } from '../../../lib/core/inbound.ts';
import type { Outcome } from '../../../lib/contract/wire/envelope.ts';
import type { Image } from '../../../lib/core/image.ts';
import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import type { Head } from '../../../lib/ports/process-store.ts';
import type { Outbox } from './outbox.ts';
import type { Target } from './reading.ts';

export type ReplyTarget = Extract<Target, { kind: 'reply' }>;
export type OperateTarget = Extract<Target, { kind: 'operate' }>;

/** A command as its journal records it. */
export interface IssuedCommand {
  readonly command: string;
  readonly hash: string;
  /** Of an engine command. */
  readonly owner?: string;
}

/** A fork, as the command of its original describes it. */
export interface ForkPicture {
  readonly commandId: string;
  readonly input: ForkInput;
  /** The entries of its prefix that lie in chunks, by index. */
  readonly spilled: Map<number, string>;
}

/** One run, as its committed heads show it. Each entry is parsed once. */
export interface RunPicture {
  readonly run: string;
  /** Every entry ever committed, as text and parsed. */
  readonly texts: string[];
  readonly entries: JournalEntry[];
  /** Entries before this index lie in chunks. */
  covered: number;
  definition: string;
  readonly issued: Map<number, IssuedCommand>;
  readonly byPath: Map<string, number[]>;
  /** Definite outcomes, in the order of the journal. `late` holds the commands that succeeded late. */
  readonly answers: Map<number, Outcome[]>;
  readonly late: Set<number>;
  /** Commands that the process gave up, while their outcome is unknown. */
  readonly unresolved: Set<number>;
  readonly timers: Map<number, number>;
  /** The entry of a pause that has not ended. */
  paused?: Extract<JournalEntry, { type: 'Paused' }> | undefined;
  /** Ids of events, starts and operator acts that the journal holds. */
  readonly ids: Set<string>;
  /** Events that were applied, as type and id. */
  readonly heard: Set<string>;
  /** Of a fork: the ids of the completed commands that it has from its original. */
  readonly adopted: Set<string>;
  /** Of a fork. */
  fork?: ForkPicture;
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
  adopted: new Set(),
});

/** The auditor's picture of one instance. An instant is the number of a happening. */
export interface InstancePicture {
  readonly pid: string;
  head: Head | undefined;
  /** Decoded from the head, if it has a run. */
  image: Image | undefined;
  readonly runs: Map<string, RunPicture>;
  outbox: Outbox;
  /** When it was first committed with a run. */
  startedAt: number;
  /** When it ceased to be closed, or to be stuck or paused: `Infinity` while it is, -1 if it never was. */
  closedUntil: number;
  stuckUntil: number;
  /** When it was last committed as stuck or paused. */
  stuckAt: number;
  /** Its table was restored: the effects of the lost suffix are excused. */
  disturbed: boolean;
  /** It was retired once: its earlier events are not known any more. */
  wasRetired: boolean;
  wasStuck: boolean;
  /** A service has answered a command of it with invalid data. */
  wasContradicted: boolean;
  /** `type id` of the events that queues have accepted for it, with their sources. */
  readonly events: Map<string, Set<string>>;
  /** The same by id alone. */
  readonly starts: Map<string, Set<string>>;
  /** By `run/n`. */
  readonly replies: Map<string, ReplyTarget[]>;
  readonly operators: Map<string, OperateTarget>;
  /** The forks that originals have asked to begin under this pid, by the name of their run. */
  readonly forks: Map<string, ForkPicture>;
  /** When each body was last parked with this instance. */
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
  forks: new Map(),
  parked: new Map(),
});

export type PictureOf = (pid: string) => InstancePicture | undefined;
