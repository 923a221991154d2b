import type { BulkAct, BulkJob } from '../../../lib/contract/bulk.ts';
import type { Hold, HoldScope } from '../../../lib/contract/holds.ts';
import type { Overlap, ScheduleSpec } from '../../../lib/contract/runtime-contract.ts';
import type { Json } from '../../../lib/contract/schema.ts';
import type { System } from '../../../lib/contract/system.ts';
import type { ForkRequest, OperationKind, Resolution } from '../../../lib/core/inbound.ts';
import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import type { ScheduleMessage } from '../../../lib/format/inbox-message.ts';
import type { Clock } from '../../../lib/ports/clock.ts';
import type { HeadStatus } from '../../../lib/ports/process-store.ts';
import type { Served } from '../../../lib/service/served.ts';
import type { DeferredAnswer } from '../../../lib/service/consumer/deferred-answer.ts';
import type { Choices } from '../world/choices.ts';
import type { PortOutage } from '../world/port-outages.ts';

/** The instant at which each world starts. */
export const START = Date.parse('2026-11-21T10:00:00.000Z');

/** One effect of a service in its foreign system. A foreign system that keeps idempotency keys applies each key once. */
export interface Effect {
  /** The command that caused it. It is also the idempotency key, for the effect classes `transaction` and `once` too. */
  readonly commandId: string;
  readonly command: string;
  readonly input: Json;
  /** Id of the command whose effect this one undoes. */
  readonly undoes?: string;
}

/** The environment of a handler: the foreign systems, and the worker that runs it. */
export interface Site {
  /** Records this effect in the foreign systems, once per command id. Returns whether it is new. */
  effect(effect: Effect): boolean;
  /** A handler awaits it before and after each effect. There the worker may crash, freeze, or lose its command to another worker. */
  pass(): Promise<void>;
  /** The clock of this worker, which may be wrong. */
  readonly clock: Clock;
  /**
   * Answers a deferred command by its token after `afterMs`, as a person or a webhook does. Repeats the answer until the service accepts or
   * refuses it.
   */
  answerLater(afterMs: number, token: string, answer: DeferredAnswer): void;
}

/** An operation of an operator. A command is resolved by `finds` of the scenario. */
export type OperatorAct = Exclude<OperationKind, 'resolve'>;

/** One act of the outside, `atMs` milliseconds after the start of the world. An equal second act is a retry of its producer. */
export type Act = { readonly atMs: number } & (
  | {
      readonly kind: 'publish';
      readonly source: string;
      readonly type: string;
      readonly id: string;
      readonly data: Json;
      readonly processid?: string;
      /** @default `default` */
      readonly tenant?: string;
      /** The time of the first publish, if this one repeats it. @default the time of this publish */
      readonly happenedMs?: number;
      /** The number of events between it and its first cause. @default 0 */
      readonly hops?: number;
    }
  | {
      readonly kind: 'start';
      readonly process: string;
      readonly id: string;
      readonly startid: string;
      readonly data: Json;
      /** @default `default` */
      readonly tenant?: string;
      readonly onopen?: 'reject' | 'attach' | 'signal';
    }
  | {
      readonly kind: 'operate';
      readonly pid: string;
      readonly opid: string;
      readonly act: OperatorAct;
      /** With `move`. */
      readonly version?: number;
      /** With `fork`. */
      readonly fork?: ForkRequest;
    }
  /** An operation on many instances of the default tenant. */
  | { readonly kind: 'bulk'; readonly id: string; readonly act: BulkAct; readonly targets: BulkJob['targets']; readonly rate: number }
  | {
      readonly kind: 'schedule';
      readonly name: string;
      readonly act: ScheduleMessage['act'];
      readonly opid: string;
      readonly spec?: ScheduleSpec;
      readonly from?: number;
      readonly to?: number;
      readonly overlap?: Overlap;
    }
  /** Begins or ends the pause of a process or a service. */
  | {
      readonly kind: 'hold';
      readonly opid: string;
      readonly act: 'pause' | 'resume';
      readonly scope: HoldScope;
      /** @default `stop` */
      readonly clock?: Hold['clock'];
      /** @default starts are kept */
      readonly starts?: Hold['starts'];
      /** The operator sees that the hold is in force. @default the operator does not look */
      readonly onlyHeld?: true;
    }
  /** Deploys the next build, unless a `redeploy` fault has already deployed it. */
  | { readonly kind: 'deploy' }
);

/** The state of one run at the end, read from what production keeps: its head, its journal and the foreign systems. */
export interface EndedRun {
  readonly pid: string;
  readonly run: string;
  readonly status: HeadStatus;
  readonly entries: readonly JournalEntry[];
  /** All effects of its commands, in order. */
  readonly effects: readonly Effect[];
  /** The effects that were not undone. */
  readonly standing: readonly Effect[];
  /** The result of a completed run. */
  readonly result?: Json;
  /** It was stuck and resumed, or its table was restored. Its retries may be exhausted where those of an undisturbed run are not. */
  readonly disturbed: boolean;
}

/** The required end of one instance. */
export interface Expectation {
  /** Ids of the events that start it. Each accepted start makes exactly one run, a duplicate makes none. */
  readonly starts: readonly string[];
  /** Ids of all other events addressed to it. */
  readonly events: readonly string[];
  /**
   * The instance never ends, such as a decider without an end. Any of its events may start it, and at rest it is running. @default it ends
   */
  readonly endless?: true;
  /** Another instance starts it, and may end before it does so. A missing instance is no violation then. @default it must exist */
  readonly begunByAnother?: true;
  /** Operator acts on it. */
  readonly operated: readonly OperatorAct[];
  /** Some of its calls have `undo: false`, which no journal records. Its judge checks the undos then. @default false */
  readonly optsOut?: boolean;
  /** Its process makes no step that is a bug, so it is never stuck with `POISON`. @default it may be */
  readonly sound?: true;
  /** Returns the violations in its end. The auditor checks the invariants of the protocol. */
  judge(run: EndedRun): readonly string[];
}

/** A system, the acts of the outside, and the required end of each instance. */
export interface Scenario {
  readonly name: string;
  /** The first build is deployed at the start, each other one while instances run. Most scenarios have one build. */
  readonly builds: readonly System<string>[];
  /**
   * All builds have the same process code. Each replays the journals of all others, whatever their contracts are. @default the code differs
   */
  readonly compatible?: true;
  /** Builds that are never deployed. Each journal must replay on them too. @default none */
  readonly replayedOn?: readonly System<string>[];
  /** Its processes call `ctx.run`, so workers serve the built-in service of steps. @default they do not */
  readonly steps?: true;
  /** The handlers of all services on one worker, except that of steps. */
  serve(site: Site): readonly Served[];
  readonly acts: readonly Act[];
  /** The maximum number of messages in one call of a function. @default 10 */
  readonly batch?: number;
  /** How its services run, if the seed does not decide it. `receivesMax`: the receives after which a command is a dead letter. */
  readonly services?: { readonly workers: number; readonly polls: boolean; readonly receivesMax: number };
  /** Instances that closed longer ago than this are retired, once a day until the last act of the outside. @default none is retired */
  readonly retentionMs?: number;
  /** The engine reads the pauses of processes and services, and finds what they hold at their end. @default it reads none */
  readonly holds?: true;
  /** The outages of ports. @default none */
  readonly outages?: readonly PortOutage[];
  /** The outcome that an operator finds for a command whose service reports `unknown`. @default no outcome is found */
  finds?(commandId: string, command: string): Resolution;
  /** By pid. */
  readonly expectations: ReadonlyMap<string, Expectation>;
}

/** Draws a scenario with 1 to 20 instances. */
export type ScenarioMaker = (choices: Choices) => Scenario;

/** Makes effects in the foreign systems, with a crash point before and after each, and adds those that are new to `done`. */
export function effectsInto(site: Site, done: Effect[]): (effect: Effect) => Promise<void> {
  return async (effect) => {
    await site.pass();
    if (site.effect(effect)) done.push(effect);
    await site.pass();
  };
}

/** An event, published by the owner of its type. */
export function published(type: string, id: string, data: Json, atMs: number): Act {
  return { kind: 'publish', atMs, source: type.slice(0, type.indexOf('.')), type, id, data };
}
