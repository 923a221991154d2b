import { definitionName, startType } from '../../contract/catalogue.ts';
import { isOrchestratorError } from '../../contract/errors.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { parseGiven, versionOf, withoutValues, type Json } from '../../contract/schema.ts';
import { STEPS } from '../../contract/steps.ts';
import { buildPid, parseCommandId, parsePid, tenantOfPid, type CommandKey, type InstanceKey } from '../../contract/wire/process-id.ts';
import { instantText } from '../../contract/wire/wire.ts';
import { CHILD, startSchema, taken } from '../../core/children.ts';
import { failureToJson } from '../../contract/wire/failure-json.ts';
import { planFork, prefixOf, type ForkPlan, type LaterStep } from '../../core/fork-plan.ts';
import { isClosed, newImage, type Image, type StuckReason } from '../../core/image.ts';
import type { ForkInput, ForkRequest, OperationInbound, StartInbound } from '../../core/inbound.ts';
import type { JournalEntry, RecordedFact } from '../../core/journal-entry.ts';
import { offload, sentFirst } from '../../core/journal.ts';
import { activations, definitionAfter } from '../../core/replay.ts';
import { codeOf } from '../../core/run.ts';
import { pastOf, decodeHead } from '../../format/head-codec.ts';
import { journalTexts, readEntries, textsOfRun } from '../../format/read-journal.ts';
import type { EngineContext } from '../engine-context.ts';
import type { ChildReply } from './child-start.ts';
import { LiveInstance } from './live-instance.ts';

type Fact<T extends RecordedFact['type']> = Extract<RecordedFact, { readonly type: T }>;

/**
 * Forks in the engine (docs/protocol.md#forks). `planned` makes the facts of an original from the request, or says why it is refused;
 * `forked` makes those of the fork from the command. Both replay the prefix; `decide.ts` applies the facts.
 */
export async function planned(
  context: EngineContext,
  { run: { image } }: LiveInstance,
  operator: OperationInbound,
): Promise<OperationInbound | StuckReason> {
  const request = operator.fork as ForkRequest;
  const refused = (why: string): StuckReason => ({ code: 'DATA_INVALID', message: `${nameOf(image.pid)} was not forked: ${why}.` });
  const to = buildPid(tenantOfPid(image.pid), (parsePid(image.pid) as InstanceKey).process, request.to);
  const definition = context.catalogue.definition(forkDefinition(image, request));
  if (to === undefined || to === image.pid) return refused(`${JSON.stringify(request.to)} is no id for a fork`);
  if (!definition) return refused(`this system does not list ${forkDefinition(image, request)}`);
  if (definition.kind !== 'async') return refused('a decider has no steps at which it could be cut');
  const texts = await journalTexts(context.options.store, image);
  const entries = await readEntries(texts, (hash) => context.readPayload(image.pid, hash));
  const isOpen = !isClosed(image.status);
  const plan = planFork(
    {
      pid: image.pid,
      run: image.run,
      entries,
      open: isOpen ? [...image.commands.values()] : undefined,
      prefix: image.fork?.entries ?? 0,
      hasUndo: (command) => context.environment.commands.get(command)?.undo !== undefined,
    },
    request,
  );
  if (plan.refusals.length > 0) return refused(plan.refusals.join('; '));
  const input = inputOf(context, { operator, request, plan, definition });
  if ('fault' in input) return refused(input.fault);
  const undone = await undoneOf(context, image, entries, plan.later);
  if ('fault' in undone) return refused(undone.fault);
  const fork = { pid: to, run: 'fork', definition, source: { pid: image.pid, run: image.run, texts, entries } };
  const live = await rebuilt(context, fork, input.data);
  const fault = live.run.bug?.message ?? cutFault(live, input.data);
  if (fault !== undefined) return refused(fault.replace(/\.$/, ''));
  const { id, reason, by, sender } = operator;
  return {
    ...operator,
    planned: (at) => [
      {
        type: 'ForkRequested',
        at,
        id,
        reason,
        by,
        ...(sender !== undefined && { sender }),
        to,
        ...(isOpen && { supersedes: true }),
        data: input.data as unknown as Json,
      },
      ...undone.map((fact) => ({ ...fact, at, fork: id })),
    ],
  };
}

function nameOf(pid: string): string {
  const { process, id } = parsePid(pid) as InstanceKey;
  return `${process} ${id}`;
}

function forkDefinition({ definition }: Image, { version }: ForkRequest): string {
  return version === undefined ? definition : `${definition.slice(0, definition.lastIndexOf('@'))}@${version}`;
}

interface Fault {
  readonly fault: string;
}

/** The input of the command to the fork, with what the operator has edited. */
function inputOf(
  { environment }: EngineContext,
  of: {
    readonly operator: OperationInbound;
    readonly request: ForkRequest;
    readonly plan: ForkPlan;
    readonly definition: ProcessContract;
  },
): { readonly data: ForkInput } | Fault {
  const { operator, request, plan, definition } = of;
  const { id, reason, by, sender } = operator;
  const adopt = plan.later.filter(({ choice, state }) => choice === 'adopt' && state === 'completed').map(({ n }) => n);
  try {
    const edited = editOf(environment.commands, of);
    if ('fault' in edited) return edited;
    const event = request.event && eventOf(definition, request.event);
    if (event && 'fault' in event) return event;
    return {
      data: {
        operation: id,
        definition: definitionName(definition),
        entries: plan.entries,
        ...(adopt.length > 0 && { adopt }),
        ...edited,
        ...(plan.events.length > 0 && { events: plan.events }),
        ...(event && { event }),
        reason,
        by,
        ...(sender !== undefined && { sender }),
      },
    };
  } catch (error) {
    if (isOrchestratorError(error)) return { fault: withoutValues(error) };
    throw error;
  }
}

function editOf(
  commands: EngineContext['environment']['commands'],
  { request, plan, definition }: { readonly request: ForkRequest; readonly plan: ForkPlan; readonly definition: ProcessContract },
): Pick<ForkInput, 'edited' | 'input'> | Fault {
  const { input, at } = request;
  if (input === undefined) return {};
  if (at === 'start')
    return { edited: 0, input: parseGiven(startSchema(definition), input, `the fork of ${definition.name} was started with`) };
  const contract = plan.cut && commands.get(plan.cut.command);
  if (!plan.cut || !contract || contract.service === STEPS)
    return { fault: `${at} has no input that could be edited: name a command, or start` };
  return { edited: plan.cut.n, input: parseGiven(contract.input, input, `${contract.name} of the fork was called with`) };
}

function eventOf(definition: ProcessContract, { type, data }: NonNullable<ForkRequest['event']>): ForkInput['event'] | Fault {
  const received = [...definition.receives, ...definition.startOn].find(({ event, by }) => event.type === type && by === 'id');
  if (!received) return { fault: `${definition.name} receives no event ${type} by its id` };
  return { type, data: parseGiven(received.event.data, data, `the fork received ${type} with`) };
}

/** The facts that undo completed steps. Only a replay makes their inputs again. */
async function undoneOf(
  context: EngineContext,
  image: Image,
  entries: readonly JournalEntry[],
  later: readonly LaterStep[],
): Promise<readonly Fact<'CommandAnswered'>[] | Fault> {
  const wanted = new Set(later.filter(({ choice, state }) => choice === 'undo' && state === 'completed').map(({ n }) => n));
  if (wanted.size === 0) return [];
  const definition = context.catalogue.definition(image.definition);
  if (!definition) return { fault: `this system does not list ${image.definition}, which makes the inputs of the steps to undo` };
  const { environment, options } = context;
  const live = new LiveInstance(
    { definition, environment, frontEndOf: options.frontEndOf },
    newImage(image.pid, image.run, image.definition, beganAt(entries)),
  );
  const found: Fact<'CommandAnswered'>[] = [];
  for (const { fact, decided } of activations(entries)) {
    if (fact.type === 'CommandAnswered' && fact.outcome === 'completed' && wanted.delete(fact.n)) {
      const { run } = live;
      const command = run.image.commands.get(fact.n);
      const step = run.steps.get(fact.n);
      if (!command || step?.kind !== 'call' || !step.undoable) return { fault: `${command?.path ?? fact.n} has no undo: leave it` };
      const { input, version, command: name } = command;
      const late = { run: image.run, command: name, input, ...(version !== undefined && { version }) };
      found.push({ ...fact, late });
    }
    if (wanted.size === 0) break;
    await live.replay([fact, ...decided], () => undefined);
    if (live.run.bug) return { fault: `its journal does not replay, so the steps to undo have no inputs: ${live.run.bug.message}` };
  }
  // The newest is undone first.
  return found.toReversed();
}

/** The journal of the original. */
interface Source {
  readonly pid: string;
  readonly run: string;
  readonly texts: readonly string[];
  /** The same, with the values that are stored apart. */
  readonly entries: readonly JournalEntry[];
}

interface ForkPlace {
  readonly pid: string;
  readonly run: string;
  readonly definition: ProcessContract;
  readonly source: Source;
}

/** The run of the fork at the end of the prefix. A difference sets `run.bug`. */
async function rebuilt(
  { environment, options }: EngineContext,
  { pid, run, definition, source }: ForkPlace,
  input: ForkInput,
): Promise<LiveInstance> {
  const image = newImage(pid, run, definitionName(definition), beganAt(source.entries));
  const live = new LiveInstance({ definition, environment, frontEndOf: options.frontEndOf }, image);
  await replayPrefix(live, source, input.entries);
  return live;
}

function beganAt([first]: readonly JournalEntry[]): number {
  return first && 'at' in first ? first.at : 0;
}

async function replayPrefix(live: LiveInstance, { pid, run, entries }: Omit<Source, 'texts'>, until: number): Promise<void> {
  const named = (parsePid(pid) as InstanceKey).id;
  const texts = entries.slice(0, until).map((entry) => JSON.stringify(entry));
  const prefix = prefixOf(texts, { pid, run, named }).map((text) => JSON.parse(text) as JournalEntry);
  await live.replay(prefix, () => undefined);
}

/** Why a fork cannot go on from here. */
function cutFault({ run }: LiveInstance, { entries, adopt = [] }: ForkInput): string | undefined {
  if (entries === 0) return undefined;
  const { root, undoings, image } = run;
  if (run.ended || root.state !== 'open' || root.ending) return 'the cut lies after its end, or after it was cancelled';
  if (undoings.size > 0 || [...image.commands.values(), ...image.resends.values()].some(({ mode }) => mode === 'undo'))
    return 'a step is being undone at the cut: cut before the undo, or after it';
  const child = [...image.commands.values()].find(({ command, n, detached }) => command === CHILD && !detached && !adopt.includes(n));
  if (child) return `the child at ${child.path} was open at the cut: cut before it, or after its end`;
  return undefined;
}

/**
 * The fork begins: replays the prefix on the new run. Large values are copied, and the entries are written as chunks before the head, so the
 * fork needs nothing of its original any more.
 */
export async function forked(context: EngineContext, live: LiveInstance, start: StartInbound): Promise<StartInbound | StuckReason> {
  const { input, commandId } = start.fork as NonNullable<StartInbound['fork']>;
  const { pid, run } = parseCommandId(commandId) as CommandKey;
  const { image, definition } = live.run;
  if (definitionName(definition) !== input.definition)
    return { code: 'UNKNOWN_VERSION', message: `${image.pid} is to go on with ${input.definition}, which this system does not list.` };
  const { store } = context.options;
  const [head] = await store.load([pid], { consistent: true });
  if (!head) return { code: 'POISON', message: `The original ${nameOf(pid)} of the fork is gone.` };
  const texts = await textsOfRun(store, { ...head, past: pastOf(head) }, run);
  const values = new Map<string, Json>();
  const entries = await readEntries(texts, async (hash) => {
    const value = await context.readPayload(pid, hash);
    values.set(hash, value);
    return value;
  });
  const before = decodeHead(head);
  const source = { pid, run, entries };
  const named = namedBy(entries, pid);
  if (before.run === run && before.trace !== undefined) image.trace = before.trace;
  if (head.tags) image.tags = head.tags;
  image.fork = { pid, run, entries: input.entries, operation: input.operation, named };
  const began = image.clock;
  let cutAt = began;
  if (input.entries > 0) {
    // The code of the prefix sees the time of its entries.
    image.clock = beganAt(entries);
    await replayPrefix(live, source, input.entries);
    if (live.run.bug) return live.run.bug;
    cutAt = image.clock;
    image.clock = Math.max(cutAt, began);
    const prefix = prefixOf(texts.slice(0, input.entries), { pid, run, named });
    keepPrefix(live, prefix, values);
  }
  return { ...start, planned: (at) => factsOf({ source, input, start, live, named, cutAt }, at) };
}

function namedBy([first]: readonly JournalEntry[], pid: string): string {
  return (first?.type === 'ProcessStarted' ? first.named : undefined) ?? (parsePid(pid) as InstanceKey).id;
}

/** Characters of a chunk, so that it fits into an item. */
const CHUNK_CHARACTERS_MAX = 100_000;

/** The commit writes the prefix as chunks before the head, and the values that its entries name. */
function keepPrefix(live: LiveInstance, prefix: readonly string[], values: ReadonlyMap<string, Json>): void {
  const { image, payloads } = live.run;
  payloads.clear();
  for (const [hash, value] of values) if (prefix.some((text) => text.includes(hash))) payloads.set(hash, JSON.stringify(value));
  if (image.view?.dataref !== undefined) offload(live.run, image.view.data);
  const chunks: { run: string; from: number; entries: string[] }[] = [];
  let room = 0;
  for (const [from, text] of prefix.entries()) {
    const last = chunks.at(-1);
    if (last && text.length <= room) last.entries.push(text);
    else {
      chunks.push({ run: image.run, from, entries: [text] });
      room = CHUNK_CHARACTERS_MAX;
    }
    room -= text.length;
  }
  image.past = chunks;
  image.tailFrom = prefix.length;
}

interface Going {
  readonly source: Omit<Source, 'texts'>;
  readonly input: ForkInput;
  readonly start: StartInbound;
  readonly live: LiveInstance;
  readonly named: string;
  /** Process time at the end of the prefix. */
  readonly cutAt: number;
}

function factsOf({ source, input, start, live, named, cutAt }: Going, at: number): RecordedFact[] {
  const { entries, pid, run } = source;
  const { image, definition, environment } = live.run;
  image.startedAt = at;
  const { reason, by, sender, edited, adopt = [] } = input;
  const principal = { by, ...(sender !== undefined && { sender }) };
  const answers = adopt.flatMap((n): RecordedFact[] => {
    const answer = entries.findLast(
      (entry): entry is Fact<'CommandAnswered'> => entry.type === 'CommandAnswered' && entry.n === n && !entry.late,
    );
    if (!answer) return [];
    const { late: _late, resolved: _resolved, ...rest } = answer;
    return [{ ...rest, at, adopted: answer.adopted ?? `${pid}/${run}/${n}` }];
  });
  const events = (input.events ?? []).map((index): RecordedFact => {
    const { moved: _moved, ...rest } = entries[index] as Fact<'EventReceived'>;
    return { ...rest, at, forked: true };
  });
  return [
    input.entries === 0
      ? beginning({ source, input, start, live, named, cutAt }, at)
      : {
          type: 'Forked',
          at,
          id: start.id,
          reason,
          ...principal,
          ...(at > cutAt && { pausedMs: at - cutAt }),
          ...(definitionAfter(entries.slice(0, input.entries))?.definition !== image.definition && {
            definition: image.definition,
            ...codeOf(environment, image.definition),
          }),
          ...(edited !== undefined && {
            edited,
            data: input.input ?? null,
            ...versionOfEdit(live, edited),
          }),
        },
    ...answers,
    ...events,
    ...(input.event ? [added(input.event, definition, start, at)] : []),
  ];
}

function versionOfEdit({ run: { image, environment } }: LiveInstance, n: number): { readonly dataversion?: number } {
  const schema = environment.commands.get(image.commands.get(n)?.command ?? '')?.input;
  const version = schema && sentFirst(schema, null).version;
  return version === undefined || version === 1 ? {} : { dataversion: version };
}

/** The first entry of a fork without a prefix. */
function beginning({ source: { entries }, input, start, live, named }: Going, at: number): Fact<'ProcessStarted'> {
  const { event, source, time, subject, data } = entries[0] as Fact<'ProcessStarted'>;
  const { definition, image } = live.run;
  const isListed = definition.startOn.some((each) => each.event.type === event);
  return {
    type: 'ProcessStarted',
    at,
    definition: image.definition,
    event: isListed ? event : startType(definition),
    id: start.id,
    source,
    time,
    ...(subject !== undefined && { subject }),
    named,
    data: input.edited === undefined ? (data ?? null) : (input.input ?? null),
  };
}

function added(
  { type, data }: NonNullable<ForkInput['event']>,
  definition: ProcessContract,
  start: StartInbound,
  at: number,
): Fact<'EventReceived'> {
  const schema = [...definition.receives, ...definition.startOn].find(({ event }) => event.type === type)?.event.data;
  const version = schema ? versionOf(schema) : 1;
  return {
    type: 'EventReceived',
    at,
    event: type,
    id: `${start.id}/event`,
    source: start.source,
    time: instantText(at),
    ...(version > 1 && { dataversion: version }),
    data,
  };
}

/** The reply to a command that comes again, or whose id is taken. */
export async function forkedBefore(
  { options }: EngineContext,
  image: Image,
  { identity, fork }: StartInbound,
  isBegun: boolean,
): Promise<ChildReply> {
  const prefix = fork?.input.entries ?? 0;
  // A worker that lost the id to another instance may have written the prefix. Entries after it are those of a run that has begun.
  const holdsMore = async (): Promise<boolean> =>
    (await options.store.chunks(image.pid, identity)).some(({ from, entries }) => from + entries.length > prefix);
  const has = isBegun || (await holdsMore());
  return has ? { outcome: 'completed', data: null } : { outcome: 'failed', data: failureToJson(taken(image.pid)) };
}
