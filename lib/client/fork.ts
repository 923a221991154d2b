import { ClientError } from '../contract/errors.ts';
import type { AnyEvent } from '../contract/event.ts';
import type { Json, Sent, Frozen } from '../contract/schema.ts';
import { buildPid, tenantOf } from '../contract/wire/process-id.ts';
import { planFork, type ForkPlan } from '../core/fork-plan.ts';
import { FORK } from '../core/forking.ts';
import type { Choice, ForkRequest } from '../core/inbound.ts';
import { actIdentity } from '../core/identity.ts';
import { isClosed } from '../core/image.ts';
import { decodeHead, requireReadable } from '../format/head-codec.ts';
import { sha256 } from '../format/inbox-message.ts';
import type { Head } from '../ports/process-store.ts';
import { type Reach } from './connection.ts';
import { requireData } from './erased.ts';
import { nameOf, pidOf, readHead, requireHead, type InstanceName } from './instance.ts';
import { newMessageId } from './message-id.ts';
import { readHeadJournal } from './operations/journal-view.ts';
import { performOperation } from './perform-operation.ts';
import { ENGINE_TIMEOUT_MS, notTaken } from './request.ts';
import { waitForHead } from './wait.ts';

/** The choice for a step that the original completed after the cut: the fork takes its output, it is undone, or it stays as it is. */
export type CompletedChoice = Choice;

/** Options of a fork. */
export interface ForkOptions {
  /**
   * The cut. The path of a call or a timer: the fork sends or sets it again. The path of any other step: the fork goes on before the event that led
   * to it. A number: the journal entry up to which the journal is adopted. `start`: nothing is adopted.
   */
  readonly at: string | number;
  /** It is journaled in both instances. */
  readonly reason: string;
  /** Id of the fork. @default the id of the original with `~f1`, or the next number that is free */
  readonly to?: string;
  /** The input of the step at the cut, or of the process at `start`. @default that of the original */
  readonly input?: Json;
  /** The version on which the fork goes on; its journal is replayed on it first. @default that of the original */
  readonly version?: number;
  /** Events that the original received after the cut, and that the fork receives too: all, none, or those with these ids. @default 'all' */
  readonly events?: 'all' | 'none' | readonly string[];
  /**
   * The choice for steps that the original completed after the cut, by path; one word for all that need a choice. @default a step that was
   * requested before the cut is adopted, but for the step at the cut; one without an undo is left; any other one needs a choice
   */
  readonly completed?: Choice | Readonly<Record<string, Choice>>;
  /** Ends the original, if it is open, without undoing its steps. @default an open original is refused */
  readonly supersede?: boolean;
  /** An event that the fork receives after those of the original, in the same commit. */
  readonly event?: { readonly event: AnyEvent; readonly data: Frozen<Sent<AnyEvent['~data']>> };
}

/** The plan of a fork: the prefix, the steps after it, the events, and the reasons for a refusal. */
export type ForkPreview = Omit<ForkPlan, 'cut'> & { readonly to: string };

/**
 * Forks an instance. Resolves when the fork has begun, and is durable.
 * @throws ClientError `FORK_REFUSED` if the journal of the original does not allow it, `ALREADY_USED` if the id of the fork is taken
 */
export async function forkInstance(reach: Reach, instance: InstanceName, options: ForkOptions): Promise<{ id: string; run: string }> {
  const { ports } = reach;
  const pid = pidOf(reach, instance);
  const fork = await requestOf(reach, instance, options);
  const to = pidOf(reach, { process: instance.process, id: fork.to });
  if (await readHead(ports, to)) throw taken(to);
  const now = ports.clock.now();
  const opid = ports.newId?.(now) ?? newMessageId(now);
  await performOperation(reach, instance, { act: 'fork', reason: options.reason, fork, opid });
  const head = await waitForHead(ports, to, {
    look: (current) => (current && decodeHead(current).fork?.operation === opid ? current : undefined),
    refused: () => refuseTaken(reach, pid, to, opid),
    timeoutMs: ENGINE_TIMEOUT_MS,
    timedOut: (last) => stuckOf(last) ?? notTaken(`The fork of ${nameOf(pid)}`),
  });
  await ports.durable();
  return { id: fork.to, run: head.run };
}

/** The fork could not begin yet: its start is parked beside it, and `resume` repeats it. */
function stuckOf(head: Head | undefined): ClientError | undefined {
  if (head?.status !== 'stuck') return undefined;
  const { code, message = '' } = decodeHead(head).stuck ?? {};
  return new ClientError('STUCK', `${nameOf(head.pid)} could not begin and is stuck (${code}): ${message}`);
}

/** The original knows the reply of its fork: another instance has the id. */
async function refuseTaken({ ports }: Reach, pid: string, to: string, opid: string): Promise<void> {
  const head = await requireHead(ports, pid);
  const { commands, starts } = decodeHead(head);
  if (!starts.includes(actIdentity(sha256, pid, opid))) return;
  if ([...commands.values()].some(({ command, path }) => command === FORK && path === `fork/${opid}`)) return;
  const begun = await readHead(ports, to);
  if (begun && decodeHead(begun).fork?.operation !== opid) throw taken(to);
}

function taken(pid: string): ClientError {
  return new ClientError('ALREADY_USED', `${nameOf(pid)} exists already, so it cannot be a fork: expected an id of no instance.`, {
    remedy: 'Give the fork another id. Its original is unchanged, or has ended without undoing its steps.',
  });
}

/** Plans a fork, and forks nothing. The engine plans it again, and knows the contracts. */
export async function previewFork(reach: Reach, instance: InstanceName, options: Omit<ForkOptions, 'reason'>): Promise<ForkPreview> {
  const head = await requireHead(reach.ports, pidOf(reach, instance));
  requireReadable(head);
  requireData(head);
  const request = await requestOf(reach, instance, options);
  const entries = await readHeadJournal(reach.ports, head);
  const { commands, fork } = decodeHead(head);
  const original = {
    pid: head.pid,
    run: head.run,
    entries,
    open: isClosed(head.status) ? undefined : [...commands.values()],
    prefix: fork?.entries ?? 0,
    hasUndo: (name: string) => {
      const contract = reach.system.commands.get(name);
      return contract && contract.undo !== undefined;
    },
  };
  const { cut: _cut, ...plan } = planFork(original, request);
  return { ...plan, to: request.to };
}

async function requestOf(reach: Reach, instance: InstanceName, options: Omit<ForkOptions, 'reason'>): Promise<ForkRequest> {
  const { at, input, version, events = 'all', completed, supersede, event } = options;
  return {
    to: options.to ?? (await freeId(reach, instance)),
    at,
    events,
    ...(input !== undefined && { input }),
    ...(version !== undefined && { version }),
    ...(completed !== undefined && { completed }),
    ...(supersede && { supersede }),
    ...(event && { event: { type: event.event.type, data: event.data } }),
  };
}

/** Forks of a fork have the next number of the same name. */
async function freeId(reach: Reach, { process, id }: InstanceName): Promise<string> {
  const name = id.replace(/~f\d+$/, '');
  for (let number = 1; ; number += 1) {
    const free = `${name}~f${number}`;
    const pid = buildPid(tenantOf(reach), process, free);
    if (pid === undefined) throw new ClientError('FORK_REFUSED', `${process} ${id} has a long id: give its fork an id.`);
    const [head] = await reach.ports.store.load([pid], { consistent: true });
    if (head === undefined) return free;
  }
}
