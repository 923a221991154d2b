import { StateFormatUnknown } from '../contract/errors.ts';
import type { Json } from '../contract/schema.ts';
import type {
  Chain,
  ForkOf,
  GateState,
  KeyState,
  Pause,
  PastTail,
  PendingSend,
  Image,
  OpenCommand,
  Subscription,
  RingEntry,
  Stored,
  StuckReason,
  ArmedTimer,
  Tombstone,
  WaitingStart,
} from '../core/image.ts';
import { firstRun, unresolvedCount } from '../core/image.ts';
import type { Head } from '../ports/process-store.ts';

/**
 * Input: an image, or a stored head. Output: the head as it is stored, or its image. Trunk: `encodeHead` and `decodeHead`; inbox-message.ts has the
 * messages of the engine's queues, read-journal.ts reads journals.
 */

/**
 * The format of the control state: a build refuses a format that it cannot read. 2: runs and rings hold identities (lib/core/identity.ts);
 * 1 held FNV-1a digests.
 */
const FORMAT = 2;

/** The control state of a head as JSON. */
interface Control {
  readonly format: typeof FORMAT;
  readonly seq: number;
  readonly commands?: readonly OpenCommand[];
  readonly resends?: readonly (readonly [number, OpenCommand])[];
  readonly fires?: readonly PendingSend[];
  readonly timers?: readonly ArmedTimer[];
  readonly tickAt?: number;
  readonly signals?: readonly (readonly [string, number])[];
  readonly signalsFloor?: number;
  readonly starts?: readonly string[];
  readonly tombstones?: readonly Tombstone[];
  readonly waits?: readonly string[];
  readonly keyed?: NonNullable<Image['keyed']>;
  readonly subscriptions?: readonly Subscription[];
  readonly waiting?: readonly WaitingStart[];
  readonly key?: KeyState;
  readonly gate?: GateState;
  readonly view?: Stored;
  readonly trace?: string;
  readonly parent?: NonNullable<Image['parent']>;
  readonly chain?: Chain;
  readonly past?: readonly PastTail[];
  readonly fork?: ForkOf;
  readonly forks?: readonly string[];
  readonly erased?: number;
}

/** The control state of an instance whose start could not be applied. */
const UNBEGUN = JSON.stringify({ format: FORMAT, seq: 1 });
/** The beginning of every control state that this build can read. */
const READABLE = `{"format":${FORMAT},`;

/** Why this build cannot read a head, in one sentence; undefined if it can. Only the control state has a format. */
export function formatFault({ pid, control }: Head): string | undefined {
  return control === '' || control.startsWith(READABLE)
    ? undefined
    : `The state of ${pid} is of format ${formatOf(control)}: this build reads format ${FORMAT}.`;
}

function formatOf(control: string): string {
  return /^\{"format":(\d+)/.exec(control)?.[1] ?? 'unknown';
}

/** JSON has no Infinity: a due time that never comes is left out. JSON leaves out undefined members. */
function storedCommand(command: OpenCommand): Partial<OpenCommand> {
  return {
    n: command.n,
    run: command.run,
    path: command.path,
    command: command.command,
    input: command.inputRef === undefined ? command.input : undefined,
    version: command.version,
    inputRef: command.inputRef,
    hash: command.hash,
    mode: command.mode,
    owner: command.owner,
    detached: command.detached,
    stands: command.stands,
    settling: command.settling,
    settleBy: command.settleBy === Infinity ? undefined : command.settleBy,
    unknown: command.unknown,
    deferred: command.deferred,
    heartbeatMs: command.heartbeatMs,
    attempt: command.attempt,
    intervalMs: command.intervalMs,
    retries: command.retries,
    since: command.since,
    due: command.due === Infinity ? undefined : command.due,
    deadline: command.deadline,
    timeoutMs: command.timeoutMs,
    attemptsMax: command.attemptsMax,
    pauses: command.pauses,
    undoes: command.undoes,
    cause: command.cause,
    messageId: command.messageId,
    hops: command.hops,
    trace: command.trace,
  } as Partial<OpenCommand>;
}

function readCommand(stored: OpenCommand): OpenCommand {
  stored.due = stored.due ?? Infinity;
  return stored;
}

/** A value in the payload store is not stored in the head too. */
function storedFire<T extends { readonly data?: Json; readonly dataref?: string }>({ data, dataref, ...rest }: T): T {
  return {
    ...rest,
    ...(dataref === undefined ? data !== undefined && { data } : { dataref }),
  } as T;
}

function storedTombstone({ input, inputRef, ...rest }: Tombstone): Tombstone {
  return { ...rest, ...(inputRef === undefined ? { input } : { inputRef }) } as Tombstone;
}

/** Written with every commit, so it is one literal: JSON leaves out undefined members. */
export function encodeControl(image: Image): string {
  return JSON.stringify({
    format: FORMAT,
    seq: image.seq,
    commands: image.commands.size > 0 ? Array.from(image.commands.values(), storedCommand) : undefined,
    resends: image.resends.size > 0 ? Array.from(image.resends, ([n, command]) => [n, storedCommand(command)]) : undefined,
    fires: image.pendingSends.length > 0 ? image.pendingSends.map(storedFire) : undefined,
    timers: image.timers.size > 0 ? [...image.timers.values()] : undefined,
    tickAt: image.tickAt,
    signals: image.signals.length > 0 ? image.signals.map(({ id, time }) => [id, time]) : undefined,
    signalsFloor: image.signalsFloor,
    starts: image.starts.length > 0 ? image.starts : undefined,
    tombstones: image.tombstones.length > 0 ? image.tombstones.map(storedTombstone) : undefined,
    waits: image.waits,
    keyed: image.keyed,
    subscriptions: image.subscriptions,
    waiting: image.waiting?.map(storedFire),
    key: image.key,
    gate: image.gate,
    view: image.view?.dataref === undefined ? image.view : { dataref: image.view.dataref },
    trace: image.trace,
    parent: image.parent,
    chain: image.chain,
    past: image.past,
    fork: image.fork,
    forks: image.forks,
    erased: image.erased,
  });
}

export function encodeHead(image: Image, writer: string, control: string): Head {
  const head: { -readonly [K in keyof Head]: Head[K] } = {
    pid: image.pid,
    version: image.version,
    writer,
    run: image.run,
    status: image.status,
    definition: image.definition,
    clock: image.clock,
    control,
    tail: image.tail.slice(),
    tailFrom: image.tailFrom,
    startedAt: image.startedAt,
  };
  if (image.due !== undefined) head.due = image.due;
  if (image.hotUntil !== undefined) head.hotUntil = image.hotUntil;
  if (image.closedAt !== undefined) head.closedAt = image.closedAt;
  const unresolved = unresolvedCount(image);
  if (unresolved > 0) head.unresolved = unresolved;
  if (image.stuck) head.why = JSON.stringify(image.stuck);
  if (image.paused) head.paused = JSON.stringify(image.paused);
  if (image.tags) head.tags = image.tags;
  if (image.status === 'early') head.early = image.early ?? [];
  return head;
}

/** The instant of the tick in flight, read alone, because wake-overdue reads many heads; undefined if this build cannot read the head. */
export function tickAtOf(head: Head): number | undefined {
  return head.control === '' || formatFault(head) !== undefined ? undefined : (JSON.parse(head.control) as Control).tickAt;
}

/** The chain of runs of a head, read alone; undefined if its run continues no other, or if this build cannot read the head. */
export function chainOf(head: Pick<Head, 'control'>): Chain | undefined {
  const { control } = head;
  return control.startsWith(READABLE) && control.includes(CHAINED) ? (JSON.parse(control) as Control).chain : undefined;
}

const CHAINED = '"chain":{';

/** The entries of earlier runs that are still in a head. */
export function pastOf(head: Head): readonly PastTail[] | undefined {
  return chainOf(head) && (JSON.parse(head.control) as Control).past;
}

/** `firstRun` of a head. */
export function firstRunOf(head: Head): string {
  return firstRun({ run: head.run, chain: chainOf(head) });
}

/** Whether the start of this identity has begun the run of a head, or the first run of its chain. */
export function wasBegunBy(head: Head, identity: string): boolean {
  return head.run === identity || chainOf(head)?.first === identity;
}

/** @throws OrchestratorError `STATE_FORMAT` */
export function requireReadable(head: Head): void {
  const fault = formatFault(head);
  if (fault !== undefined) throw new StateFormatUnknown(fault);
}

/**
 * Decodes a head that is not an early buffer. Values in the payload store (`inputRef`, `dataref`) are not read.
 *
 * @throws OrchestratorError `STATE_FORMAT`
 */
export function decodeHead(head: Head): Image {
  requireReadable(head);
  const control = JSON.parse(head.control === '' ? UNBEGUN : head.control) as Control;
  return {
    pid: head.pid,
    run: head.run,
    version: head.version,
    writer: head.writer,
    status: head.status,
    definition: head.definition,
    clock: head.clock,
    seq: control.seq,
    startedAt: head.startedAt,
    commands: new Map((control.commands ?? []).map((command) => [command.n, readCommand(command)])),
    resends: new Map((control.resends ?? []).map(([n, command]) => [n, readCommand(command)])),
    pendingSends: [...(control.fires ?? [])],
    timers: new Map((control.timers ?? []).map((timer) => [timer.n, timer])),
    signals: (control.signals ?? []).map(([id, time]): RingEntry => ({ id, time })),
    starts: [...(control.starts ?? [])],
    tombstones: [...(control.tombstones ?? [])],
    tail: [...head.tail],
    tailFrom: head.tailFrom,
    ...(head.due !== undefined && { due: head.due }),
    ...(head.hotUntil !== undefined && { hotUntil: head.hotUntil }),
    ...(head.closedAt !== undefined && { closedAt: head.closedAt }),
    ...(head.status === 'stuck' && { stuck: stuckReason(head.why) }),
    ...(head.paused !== undefined && { paused: JSON.parse(head.paused) as Pause }),
    ...(head.tags && { tags: head.tags }),
    ...(control.tickAt !== undefined && { tickAt: control.tickAt }),
    ...(control.signalsFloor !== undefined && { signalsFloor: control.signalsFloor }),
    ...(control.waits && { waits: control.waits }),
    ...(control.keyed && { keyed: control.keyed }),
    ...(control.subscriptions && { subscriptions: [...control.subscriptions] }),
    ...(control.waiting && { waiting: control.waiting }),
    ...(control.key && { key: { ...control.key }, ...(head.early && { early: head.early }) }),
    ...(control.gate && { gate: { ...control.gate } }),
    ...(control.view && { view: control.view }),
    ...(control.trace !== undefined && { trace: control.trace }),
    ...(control.parent && { parent: control.parent }),
    ...(control.chain && { chain: control.chain }),
    ...(control.past && { past: control.past }),
    ...(control.fork && { fork: control.fork }),
    ...(control.forks && { forks: control.forks }),
    ...(control.erased !== undefined && { erased: control.erased }),
  };
}

function stuckReason(why: string | undefined): StuckReason {
  return why === undefined ? { code: 'POISON', message: 'No reason was recorded.' } : (JSON.parse(why) as StuckReason);
}

/** Reads the values of an image that are in the payload store, in place. */
export async function resolveReferences(image: Image, readPayload: (pid: string, hash: string) => Promise<Json>): Promise<void> {
  const read = (hash: string): Promise<Json> => readPayload(image.pid, hash);
  for (const command of [...image.commands.values(), ...image.resends.values()])
    if (command.inputRef !== undefined) Object.assign(command, { input: await read(command.inputRef) });
  for (const fire of image.pendingSends) if (fire.dataref !== undefined) Object.assign(fire, { data: await read(fire.dataref) });
  for (const start of image.waiting ?? []) if (start.dataref !== undefined) Object.assign(start, { data: await read(start.dataref) });
  for (const tombstone of image.tombstones)
    if (tombstone.inputRef !== undefined) Object.assign(tombstone, { input: await read(tombstone.inputRef) });
  if (image.view?.dataref !== undefined) image.view = { data: await read(image.view.dataref), dataref: image.view.dataref };
}
