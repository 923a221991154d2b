import { guarded, type Instrumentation, type ObservedActivation } from '../../contract/instrumentation.ts';
import { loggedParts } from '../../contract/logged.ts';
import { buildCommandId, parsePid, pidOfCommand } from '../../contract/wire/process-id.ts';
import type { Image, OpenCommand } from '../../core/image.ts';
import type { ProcessRun } from '../../core/run.ts';
import { isDecided, type Item } from '../admit/admission.ts';
import type { EngineContext, EngineOptions } from '../engine-context.ts';
import { observedSteps, type StepsBefore } from './observe-steps.ts';
import type { Head } from '../../ports/process-store.ts';
import type { Dispatch } from '../send/dispatch.ts';

const KINDS = { start: 'start', signal: 'event', reply: 'reply', tick: 'timer', operate: 'operation', key: 'key' } as const;

/** Verdicts of events that wait beside their instance, and of those that an operator must look at. */
const KEPT: ReadonlySet<string | undefined> = new Set(['early', 'keep', 'held', 'park']);
const UNUSABLE: ReadonlySet<string | undefined> = new Set(['expire', 'future']);

/** Calls the hooks for an event that is done, and for the commands that it has sent. `retried`: its message comes again. */
export function observeItem(context: EngineContext, item: Item, retried: boolean): void {
  const hooks = hooksOf(context);
  const at = context.options.clock.now();
  const { message, target, refused, answers } = item;
  const { inbound, pid } = target;
  const { trace } = inbound;
  const verdict = retried ? 'retried' : verdictOf(item);
  hooks.activation?.({
    ...instanceOf(pid),
    kind: KINDS[inbound.kind],
    messageId: message.messageId,
    sentAt: message.sentAt,
    at,
    verdict,
    ...(refused && { code: refused.code }),
    ...(answers && verdict === 'applied' && { command: answers.command, commandAt: answers.since }),
    ...(trace !== undefined && { traceparent: trace }),
  });
  if (hooks.command && item.retryInSeconds === undefined && !refused)
    for (const dispatch of item.dispatches) observeSend(hooks, dispatch, at);
}

/** By the options of an engine: its hooks, whose errors are its faults. */
const HOOKS = new WeakMap<EngineOptions, Instrumentation>();

function hooksOf({ instrumentation = {}, options }: EngineContext): Instrumentation {
  const hooks = HOOKS.get(options) ?? guarded(instrumentation, (error) => options.onFault?.(error));
  HOOKS.set(options, hooks);
  return hooks;
}

function verdictOf({ verdict, refused }: Item): ObservedActivation['verdict'] {
  if (refused || UNUSABLE.has(verdict)) return 'parked';
  if (KEPT.has(verdict)) return 'kept';
  return verdict !== undefined && isDecided(verdict) ? 'applied' : 'ignored';
}

interface SentMessage {
  /** Of a message of the engine; an envelope of a service has none. */
  readonly tutti?: string;
  readonly commandid?: string;
  readonly id?: string;
  readonly command?: string;
  readonly type?: string;
  readonly attempt?: number;
}

/** Ticks and replies of the engine are no commands. */
function observeSend(hooks: Instrumentation, dispatch: Dispatch, at: number): void {
  if (dispatch.to !== 'queue' || dispatch.n === 0) return;
  const { tutti, commandid, id, command: ofEngine, type, attempt = 1 } = JSON.parse(dispatch.body) as SentMessage;
  if (tutti !== undefined && tutti !== 'command') return;
  const commandId = (commandid ?? id) as string;
  hooks.command?.({ ...instanceOf(pidOfCommand(commandId)), commandId, command: (ofEngine ?? type) as string, attempt, at });
}

function instanceOf(pid: string): Pick<ObservedActivation, 'tenant' | 'process' | 'id'> {
  return parsePid(pid) ?? { tenant: '', process: '', id: '' };
}

/** The open command that a reply answers. */
export function answeredBy(image: Image | undefined, { target: { inbound } }: Item): OpenCommand | undefined {
  return inbound.kind === 'reply' && inbound.outcome !== 'deferred' ? image?.commands.get(inbound.n) : undefined;
}

/** Calls the hook for a write that was refused. */
export function observeConflict(context: EngineContext, pid: string): void {
  hooksOf(context).conflict?.({ ...instanceOf(pid), at: context.options.clock.now() });
}

/** Calls the hook for a write of an image on `base`. */
export function observeCommit(context: EngineContext, image: Image, base: Pick<Head, 'run' | 'status'> | undefined): void {
  const { pid, run, definition, status, version, tailFrom, tail, startedAt } = image;
  const entries = tailFrom + tail.length;
  const at = context.options.clock.now();
  const was = base?.run === run ? { was: base.status } : {};
  hooksOf(context).commit?.({ ...instanceOf(pid), run, definition, status, ...was, version, entries, startedAt, at });
}

/** Calls the hook for each step that a write begins or ends. */
export function observeSteps(context: EngineContext, image: Image, before: StepsBefore): void {
  const hooks = hooksOf(context);
  for (const { n, ...step } of observedSteps(image, before)) {
    const isCommand = n !== undefined && step.kind !== 'timer';
    hooks.step?.({ ...instanceOf(image.pid), ...step, ...(isCommand && { commandId: buildCommandId(image.pid, step.run, n) }) });
  }
}

/** Writes the lines of `ctx.log` of a decision that is committed. */
export async function observeLines(context: EngineContext, run: ProcessRun): Promise<void> {
  const { lines = [], image } = run;
  run.lines = undefined;
  const hooks = hooksOf(context);
  const { onLog, onFault } = context.options;
  const at = context.options.clock.now();
  for (const { messageId, trace, run: name, ...line } of lines) {
    const traceparent = trace === undefined ? {} : { traceparent: trace };
    const observed = { ...instanceOf(image.pid), ...loggedParts(line), run: name, messageId, ...traceparent, at };
    hooks.log?.(observed);
    try {
      await onLog?.(observed);
    } catch (error) {
      onFault?.(error);
    }
  }
}
