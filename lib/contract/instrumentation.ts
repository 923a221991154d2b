import type { LogLevel } from './logged.ts';
import type { Json } from './schema.ts';
import type { Outcome } from './wire/envelope.ts';

/**
 * Hooks for metrics, logs and traces of your own: `system('trips', { …, instrumentation })` for the engine and the steps of `ctx.run`,
 * `serve(payments, handlers, { instrumentation })` for a service. A hook is called where the work is done, after it is done, and what it
 * returns is not awaited. An error that it throws is reported as a fault and has no other effect. Without hooks nothing is measured.
 */
export interface Instrumentation {
  /** The engine has decided on a message for an instance, and has committed the decision and sent its commands. */
  activation?(activation: ObservedActivation): void;
  /** The engine has written the state of an instance. */
  commit?(commit: ObservedCommit): void;
  /** A step or a scope of a process has begun or ended, and that is committed. A replay tells nothing. */
  step?(step: ObservedStep): void;
  /** A write of the state of an instance was refused, because another worker has written it since. The decision is made again. */
  conflict?(conflict: ObservedConflict): void;
  /** A command is in the queue of its service. */
  command?(command: ObservedCommand): void;
  /** A run of a handler has ended. */
  attempt?(attempt: ObservedAttempt): void;
  /** The bus has accepted the reply to a command. */
  answer?(answer: ObservedAnswer): void;
  /** A process or a handler has logged a line, with `ctx.log` or `task.log`. */
  log?(line: ObservedLine): void;
}

/** Times are milliseconds since the epoch. */
interface OfInstance {
  readonly tenant: string;
  readonly process: string;
  readonly id: string;
  readonly at: number;
}

export interface ObservedActivation extends OfInstance {
  readonly kind: 'start' | 'event' | 'reply' | 'timer' | 'operation' | 'key';
  readonly messageId: string;
  /** When the message was sent: `at - sentAt` is its lag. */
  readonly sentAt: number;
  /**
   * `applied`: it has changed the instance. `ignored`: it was a duplicate, or came too late. `kept`: it waits beside its instance. `parked`:
   * it cannot be applied, and waits for an operator. `retried`: its message comes again, after a fault or a lost conflict.
   */
  readonly verdict: 'applied' | 'ignored' | 'kept' | 'parked' | 'retried';
  /** The code of a refusal. */
  readonly code?: string;
  /** Of a final reply that was applied: the command, and when it was first sent. */
  readonly command?: string;
  readonly commandAt?: number;
  /** The W3C trace context of the message. */
  readonly traceparent?: string;
}

export interface ObservedConflict extends OfInstance {}

export interface ObservedCommit extends OfInstance {
  readonly run: string;
  /** Name and version of the process: `book-trip@2`. */
  readonly definition: string;
  readonly status: string;
  /** The status before this write; absent if it begins the run. */
  readonly was?: string;
  /** The number of this write, from 1. */
  readonly version: number;
  /** Entries of the journal of the run, with those of this write. */
  readonly entries: number;
  readonly startedAt: number;
}

export interface ObservedStep extends OfInstance {
  readonly run: string;
  /** The labels of its scopes, its name and its place among the steps of that name: `trip:1/payments.charge:1`. */
  readonly path: string;
  /**
   * `call`, `send`: a command; `run`: `ctx.run`; `child`: `ctx.child`; `undo`: of a command or a run; `timer`: `ctx.sleep`; `wait`: an event that
   * was taken; `publish`: an event; `scope`: `ctx.scope` and its like.
   */
  readonly kind: 'call' | 'send' | 'run' | 'child' | 'undo' | 'timer' | 'wait' | 'publish' | 'scope';
  /** `begun`, or its end. A wait and a published event have their end only. `unknown`: the process goes on without an outcome. */
  readonly state: 'begun' | 'completed' | 'failed' | 'cancelled' | 'unknown';
  /** Of a command: its id. It is issued under another one after a failure that is retried. */
  readonly commandId?: string;
  /** When it began. Absent of a scope, a wait and a published event, and of a timer that a cold start has read. */
  readonly startedAt?: number;
}

export interface ObservedCommand extends OfInstance {
  readonly commandId: string;
  /** `payments.charge`, or a message of the engine to another instance, such as `tutti.child`. */
  readonly command: string;
  /** From 1; more if no reply came to an earlier send. */
  readonly attempt: number;
}

export interface ObservedAttempt {
  readonly commandId: string;
  readonly command: string;
  readonly startedAt: number;
  readonly at: number;
  /** `failed`: with a declared error. `threw`: with any other, so it is run again within its limits. */
  readonly outcome: 'completed' | 'deferred' | 'failed' | 'threw';
  readonly error?: unknown;
}

export interface ObservedAnswer {
  readonly commandId: string;
  readonly command: string;
  readonly outcome: Outcome;
  readonly at: number;
}

/** A line of `ctx.log`, whose decision is committed, or of `task.log`. */
export interface ObservedLine extends OfInstance {
  readonly level: LogLevel;
  readonly message: string;
  /** The values that the code has passed. The line has nothing else of an event or a command. */
  readonly fields?: Readonly<Record<string, Json>>;
  /** The W3C trace context of the message or the command. */
  readonly traceparent?: string;
  /** Of a process: its run. */
  readonly run?: string;
  /** Of a process: the message on which it has decided. */
  readonly messageId?: string;
  /** Of a handler or the body of a step: its command, and the number of the send. */
  readonly commandId?: string;
  readonly command?: string;
  readonly attempt?: number;
}

const HOOKS = [
  'activation',
  'commit',
  'step',
  'conflict',
  'command',
  'attempt',
  'answer',
  'log',
] as const satisfies readonly (keyof Instrumentation)[];

/** The same hooks, whose errors go to `onError`: no error of a hook reaches its caller. */
export function guarded(instrumentation: Instrumentation, onError: (error: unknown) => void): Instrumentation {
  const hooks: Record<string, (record: never) => void> = {};
  for (const name of HOOKS)
    if (instrumentation[name])
      hooks[name] = (record): void => {
        try {
          const returned: unknown = instrumentation[name]?.(record);
          if (returned instanceof Promise) returned.catch(onError);
        } catch (error) {
          onError(error);
        }
      };
  return hooks;
}

/** The hooks of both, each called for every record, also if the other one throws. */
export function bothHooks(first: Instrumentation, second: Instrumentation | undefined): Instrumentation {
  if (second === undefined) return first;
  const hooks: Record<string, (record: never) => unknown> = {};
  for (const name of HOOKS) {
    const both = [first[name]?.bind(first), second[name]?.bind(second)].filter((hook) => hook !== undefined);
    if (both.length > 0)
      // `guarded` reports the rejection.
      hooks[name] = (record) => Promise.all(both.map(async (hook) => hook(record)));
  }
  return hooks;
}
