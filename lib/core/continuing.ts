import { instantText } from '../contract/wire/wire.ts';
import { definitionName, startType } from '../contract/catalogue.ts';
import { withoutValues, parseGiven } from '../contract/schema.ts';
import { refuse } from './bug.ts';
import { identityOf, type Hash } from './identity.ts';
import type { ArmedTimer, Chain, Image, OpenCommand, PendingSend, SentValue } from './image.ts';
import type { Continues, MovedCommand, RecordedFact } from './journal-entry.ts';
import { journal, offload, sending } from './journal.ts';
import {
  idSeenBy,
  codeOf,
  rejectIfCancelled,
  type CallStep,
  type Continued,
  type Continuing,
  type DispatchStep,
  type ProcessRun,
  type Scope,
} from './run.ts';

/**
 * `ctx.continueAsNew` ends a run and begins the next one of the same instance, so that no journal grows without an end. Input: the request
 * of the code. Output: the image and the first facts of the next run.
 *
 * N1 One conditional write ends the old run and begins the new one. The old run ends with `RunContinued`, the new one begins with
 *    `ProcessStarted`, which has `continues`.
 * N2 The numbers of commands and timers go on through the chain, so a number names one command in every run. A command that moves keeps its
 *    id, with the run that issued it.
 * N3 These move: events that no wait has taken, in order; every open command, and every undo of a late success; the time-out of the process;
 *    subscriptions to keys, tags, view and the rings of ids. Scopes, steps and undo lists do not move, so nothing earlier is undone any more, as after `ctx.pivot`.
 * N4 A replay of the new run needs only its own journal: its first entry lists what has moved.
 *
 * This function takes the request; the caller then ends the body of the process. The step never settles, unless it is rejected.
 */
export function continueAsNew(run: ProcessRun, scope: Scope, request: Continuing): DispatchStep {
  const step: DispatchStep = { kind: 'dispatch', path: `${scope.path}continueAsNew:1`, scope, status: 'open', resolver: undefined };
  if (rejectIfCancelled(run, step)) return step;
  if (scope !== run.root)
    refuse(
      run,
      'WRONG_SCOPE',
      `ctx.continueAsNew was called in the scope ${scope.path.slice(0, -1)}: return from the scope first, then call it in the process itself.`,
    );
  if (!run.expected) checkInput(run, request);
  run.continuing = request;
  return step;
}

/** Refuses an input where the code passes it, not where the run ends. */
function checkInput(run: ProcessRun, { passed, definition, event }: Continuing): void {
  let data: unknown;
  try {
    data = parseGiven(passed.schema, passed.value, passed.what);
  } catch (fault) {
    refuse(run, 'POISON', withoutValues(fault), fault);
  }
  const own = idSeenBy(run);
  const id = definition.startOn.find((each) => each.event.type === event)?.of(data as never);
  if (id !== undefined && id !== own)
    refuse(run, 'POISON', `${definition.name} ${own} was continued with an input of the id ${id}: expected its own id.`);
}

/** Journals the end of the run. Nothing of it is open or being undone. */
export function endAsContinued(run: ProcessRun, { passed, definition, event }: Continuing): void {
  const { expected } = run;
  const { data, hashes } = sending(run, 'RunContinued', '', passed);
  const next = expected?.recorded('RunContinued', '')?.run ?? runAfter(run.environment.hash, run.image.pid, run.image.run);
  journal(run, { type: 'RunContinued', path: '', run: next, definition: definitionName(definition), ...hashes });
  run.ended = true;
  if (expected) return;
  leaveRetries(run);
  run.continued = { run: next, definition, event, data };
}

/** The name of the run after `run`. A run continues at most once, so its own name gives that of the next. */
export function runAfter(hash: Hash, pid: string, run: string): string {
  return identityOf(hash, { pid, event: '#continue', id: run });
}

/** The image of the next run, before its first fact. */
export function imageAfter({ image }: ProcessRun, { run, definition }: Continued): Image {
  // `past` stays: the next commit still has to write it as a chunk.
  const { tickAt: _tick, due: _due, waits: _waits, keyed: _keyed, ...kept } = image;
  const { first = image.run, number = 1 } = image.chain ?? {};
  return {
    ...kept,
    run,
    definition: definitionName(definition),
    chain: { first, number: number + 1 },
    commands: moved(image, image.commands),
    resends: moved(image, image.resends),
    timers: new Map([...image.timers].filter(([n, { purpose }]) => purpose === 'process' || image.resends.has(n))),
    pendingSends: sendsOf(image.run, image.pendingSends),
    tail: [],
    tailFrom: 0,
  };
}

/** The pending sends of a run that has ended. Its events keep their ids; its ticks would wake no run any more. */
export function sendsOf(run: string, pending: readonly PendingSend[]): PendingSend[] {
  return pending.filter(({ kind }) => kind !== 'tick').map((each) => ({ run, ...each }));
}

/** No step awaits them any more, so a call is from now on like a command of `ctx.send`: its outcome changes nothing, and may stay unknown. */
function moving({ run }: Image, command: OpenCommand): OpenCommand {
  return { run, ...command, ...(command.mode === 'call' && { mode: 'send' as const }) };
}

function moved(image: Image, commands: ReadonlyMap<number, OpenCommand>): Map<number, OpenCommand> {
  return new Map([...commands].map(([n, command]) => [n, moving(image, command)]));
}

/** A detached call that pauses before its next run is issued again by the next run, like a command of `ctx.send`. */
function leaveRetries(run: ProcessRun): void {
  const { image, steps } = run;
  for (const [n, step] of steps)
    if (step.kind === 'call' && step.retry && image.timers.has(n)) image.resends.set(n, pausing(run, step, step.retry));
}

function pausing(
  run: ProcessRun,
  { path, command, sent, policy }: CallStep,
  { retries, since }: NonNullable<CallStep['retry']>,
): OpenCommand {
  const { data, version } = sent as SentValue;
  const shadow = shadowOf({ run: run.image.run, n: 0, path, command, mode: 'send' });
  return { ...shadow, input: data, version, inputRef: offload(run, data), retries, since, timeoutMs: policy.timeoutMs };
}

/** The first facts of the next run. `image`: that of the run, before them. */
export function factsAfter(ended: ProcessRun, { definition, event, data }: Continued, image: Image): readonly RecordedFact[] {
  const { unread, environment } = ended;
  const at = image.clock;
  const isListed = definition.startOn.some((each) => each.event.type === event);
  const unreadFacts = unread.map(({ event: type, id, source, time, data: value, key }): RecordedFact => ({
    type: 'EventReceived',
    at,
    event: type,
    id,
    source,
    time,
    moved: true,
    ...(key !== undefined && { key }),
    data: value,
  }));
  return [
    {
      type: 'ProcessStarted',
      at,
      definition: image.definition,
      ...codeOf(environment, image.definition),
      event: isListed ? event : startType(definition),
      id: `${image.pid}/${ended.image.run}`,
      source: environment.system,
      time: instantText(at),
      continues: continuesOf(ended, image),
      ...(ended.named !== undefined && { named: ended.named }),
      data,
    },
    ...unreadFacts,
  ];
}

function continuesOf({ image: { run }, unread, keys }: ProcessRun, { chain, commands, resends, timers }: Image): Continues {
  return {
    run,
    number: (chain as Chain).number,
    ...(unread.length > 0 && { unread: unread.length }),
    ...(keys && { keys: [...keys] }),
    ...(commands.size > 0 && { commands: Array.from(commands.values(), named) }),
    ...(resends.size > 0 && { resends: Array.from(resends, ([timer, command]) => ({ ...named(command), timer })) }),
    ...(timers.size > 0 && { timers: Array.from(timers.values(), ({ n, path, due, purpose }) => ({ n, path, due, purpose })) }),
  };
}

function named({ run, n, path, command, mode, owner }: OpenCommand): MovedCommand {
  return { run: run as string, n, path, command, mode, ...(owner !== undefined && { owner }) };
}

/** A run that continues another begins. In a replay, what has moved is made from the entry. */
export function takeOver(run: ProcessRun, { unread = 0, keys, commands = [], resends = [], timers = [] }: Continues): void {
  run.arriving = unread;
  run.keys = keys && new Set(keys);
  if (!run.expected) return;
  const { image } = run;
  for (const command of commands) image.commands.set(command.n, shadowOf(command));
  for (const { timer, ...command } of resends) image.resends.set(timer, shadowOf(command));
  for (const timer of timers) image.timers.set(timer.n, timer satisfies ArmedTimer);
}

/** A moved command in a replay. Its limits and its input are in the head, and a replay decides by the journal. */
function shadowOf(command: MovedCommand): OpenCommand {
  return {
    ...command,
    input: null,
    hash: '',
    attempt: 1,
    retries: 0,
    since: 0,
    due: Infinity,
    timeoutMs: 0,
    cause: '',
    messageId: '',
    hops: 0,
  };
}

/** An unread event of the run before has been applied. After the last one the code begins. */
export function arrived(run: ProcessRun): void {
  run.arriving -= 1;
  if (run.arriving === 0) run.outcomes.push({ kind: 'begin' });
}

/** The time-out of the process counts from the start of the instance, so it moves along. */
export function hasTimeout({ image }: ProcessRun): boolean {
  return [...image.timers.values()].some(({ purpose }) => purpose === 'process');
}
