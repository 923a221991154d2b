import { SCHEDULES } from '../contract/schedule-instance.ts';
import { isGate, isWindowed } from '../contract/gate.ts';
import { Cancelled, ProcessFailed, type Failure } from '../contract/errors.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import { parse, type Json, type Schema } from '../contract/schema.ts';
import { failureFromJson, failureToJson } from '../contract/wire/failure-json.ts';
import { buildPid, INSTANCE_ID_FORM, parsePid, pidOfCommand, processOf, type InstanceKey } from '../contract/wire/process-id.ts';
import { refuse } from './bug.ts';
import { replyToIssuer, issueEngineCommand } from './engine-commands.ts';
import { isBegunBy, isClosed, type Answered, type Image, type OpenCommand } from './image.ts';
import type { ParentCommand, StartInbound } from './inbound.ts';
import { newCall } from './issue.ts';
import { journal, sending } from './journal.ts';
import type { RecordedFact } from './journal-entry.ts';
import {
  originOf,
  nextPath,
  rejectIfCancelled,
  type CallPolicy,
  type CallStep,
  type ProcessRun,
  type Scope,
  type StepState,
} from './run.ts';

/**
 * Children (docs/protocol.md#children). Input: the requests `ctx.child` and `ctx.detach` of a parent, the start of a child and its end.
 * Output: the engine command `tutti.child` of the parent, and the verdict and the reply of the child.
 *
 * H1 A child is found by process, id, parent and number: the identity of its start is that of the command. Another command finds the id
 *    taken, also one of the same parent while the child is open.
 * H2 The parent waits for the end of a child that it cancels. A child that has not begun leaves a run that was cancelled.
 * H3 A completed child is not on an undo list: `ctx.compensate` undoes it.
 * H4 A detached child is not cancelled with its parent, and outlives it. A terminated parent leaves its children as they are.
 */
export const CHILD = 'tutti.child';

/** Parents above a child: a process that starts itself as its child would never end. */
const DEPTH_MAX = 100;

export interface ChildRequest {
  readonly definition: ProcessContract;
  readonly input: unknown;
  /** @default the id that the starting event names, else `<id of the parent>.<number of the command>` */
  readonly id: string | undefined;
}

const POLICY: CallPolicy = {
  timeoutMs: 0,
  retry: { withinMs: Infinity, attempts: Infinity, firstMs: 0, factor: 1, mostMs: 0 },
  undo: false,
  returnsFailure: false,
};

/** `ctx.child`: starts a child, whose end the process awaits. */
export function startChild(run: ProcessRun, scope: Scope, { definition, input, id }: ChildRequest): CallStep {
  const { name } = definition;
  const path = nextPath(scope, name);
  const step = newCall(scope, path, { name: CHILD }, POLICY);
  if (rejectIfCancelled(run, step)) return step;
  const listed = listedProcess(run, definition);
  const sent = sending(run, 'CommandIssued', path, {
    schema: startSchema(listed),
    value: input,
    what: `the child ${name} was started with`,
  });
  const n = run.expected?.numberOf('CommandIssued', path) ?? run.image.seq;
  const owner = childPid(
    run,
    name,
    id ?? listed.startOn[0]?.of(sent.data as never) ?? `${(parsePid(originOf(run).pid) as InstanceKey).id}.${n}`,
  );
  step.sent = sent;
  step.n = issueEngineCommand(run, { name: CHILD, owner, path, input: sent, mode: 'call' }).n;
  scope.open.add(step);
  run.steps.set(step.n, step);
  return step;
}

/** The schema of the input with which a process is started. */
export function startSchema(definition: ProcessContract): Schema {
  const { startOn, input } = definition;
  const one = startOn[0]?.event.data ?? (input as Schema);
  return isWindowed(definition) ? listOf(one) : one;
}

/** The schema of the starts of one window. */
function listOf(schema: Schema): Schema {
  const validate = (value: unknown): unknown =>
    Array.isArray(value)
      ? { value: value.map((each) => parse(schema, each, 'A start of a window has')) }
      : { issues: [{ message: 'expected a list of starts' }] };
  return { '~standard': { version: 1, vendor: 'tutti', validate } } as Schema;
}

function listedProcess(run: ProcessRun, { name, kind, ...definition }: ProcessContract): ProcessContract {
  const parent = run.definition.name;
  if (kind === 'decider') refuse(run, 'POISON', `${parent} starts the decider ${name} as a child: a child is a process, which ends.`);
  const { processes, system } = run.environment;
  const listed = processes ? processes.get(name)?.[0] : { name, kind, ...definition };
  if ((run.image.parent?.depth ?? 0) >= DEPTH_MAX)
    refuse(run, 'POISON', `${parent} starts the child ${name} below ${DEPTH_MAX} parents: expected an end of the chain.`);
  return (
    listed ??
    refuse(run, 'POISON', `${parent} starts the child ${name}, which the system ${system} does not list: add it to its processes.`)
  );
}

function childPid(run: ProcessRun, process: string, id: string): string {
  const pid = buildPid((parsePid(run.image.pid) as InstanceKey).tenant, process, id);
  return pid ?? refuse(run, 'POISON', `The child ${process} has the id ${JSON.stringify(id)}: expected ${INSTANCE_ID_FORM}.`);
}

/** `ctx.detach`: the step is no longer cancelled or undone with its scope, and the scope does not wait for it. */
export function detachStep(run: ProcessRun, step: StepState | undefined): void {
  if (step?.kind !== 'call')
    return refuse(run, 'POISON', `${run.definition.name} detaches something that is neither a child nor a command: expected their step.`);
  if (step.detached) return;
  step.detached = true;
  journal(run, { type: 'StepDetached', path: step.path });
  step.scope.open.delete(step);
  const command = run.image.commands.get(step.n);
  if (!command) return;
  command.detached = true;
  if (step.undoable) command.stands = true;
}

/** The verdicts (classify.ts) that the command of a parent can get. */
type ChildVerdict = 'apply' | 'dup' | 'park' | 'keep' | 'reject' | 'closed' | 'wait' | 'restart';

/** The verdict on the command of a parent, against the head of the child. The first row that fits counts (docs/protocol.md#verdicts). */
export function childVerdict(
  image: Image | undefined,
  { identity }: StartInbound,
  parent: ParentCommand,
  onClosed: ProcessContract['onClosed'],
): ChildVerdict {
  if (!image || image.status === 'early') return 'apply';
  const { starts, status } = image;
  if (isBegunBy(image, identity)) {
    if (!parent.cancel || isClosed(status) || starts.includes(parent.cancelIdentity)) return 'dup';
    return status === 'stuck' ? 'park' : image.paused ? 'keep' : 'apply';
  }
  if (starts.includes(identity)) return 'dup';
  if (status === 'stuck') return 'park';
  if (!isClosed(status)) return image.paused ? 'keep' : 'reject';
  // A parent may use the id of a child of its own again: `onClosed` protects it against others. A schedule may not: the id is its time.
  // A gate may not either: its starts are those of clients and events.
  const before = image.parent && pidOfCommand(image.parent.commandId);
  const own = before !== undefined && before === pidOfCommand(parent.commandId) && processOf(before) !== SCHEDULES && !isGate(before);
  if (!own && !(onClosed === 'restart' || (onClosed === 'restart-failed' && status !== 'completed'))) return 'closed';
  return [...image.commands.values(), ...image.resends.values()].some((command) => command.mode === 'undo') ? 'wait' : 'restart';
}

/** The end of a run that a parent started: the reply to its command. */
export function answerParent(
  run: ProcessRun,
  { commandId, hash }: Answered,
  end: { readonly value: Json } | { readonly failure: Failure },
): void {
  // A gate only learns that the instance has ended.
  if ('value' in end) replyToIssuer(run, { commandId, hash, outcome: 'completed' }, isGate(pidOfCommand(commandId)) ? null : end.value);
  else
    replyToIssuer(run, { commandId, hash, outcome: end.failure.code === 'CANCELLED' ? 'cancelled' : 'failed' }, failureToJson(end.failure));
}

/** The failure of a child whose id is taken, for its parent. */
export function taken(pid: string): ProcessFailed {
  const id = parsePid(pid)?.id ?? '';
  const process = processOf(pid);
  const reason = `the id ${id} is taken by another ${process}`;
  return new ProcessFailed({ process, type: 'Other', data: { reason }, message: reason, details: { taken: pid } });
}

/** The failure of a child, for the step of its parent. */
export function childFailure(
  { owner = '' }: OpenCommand,
  { outcome, data = null }: Extract<RecordedFact, { type: 'CommandAnswered' }>,
): Failure {
  try {
    return failureFromJson(data);
  } catch {
    // A later build may write failures that this one does not know.
    if (outcome === 'cancelled') return new Cancelled({ reason: 'requested' });
    return new ProcessFailed({ process: processOf(owner), type: 'Other', data: { reason: 'it failed', data } });
  }
}
