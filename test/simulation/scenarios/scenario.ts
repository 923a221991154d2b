import type { Json } from '../../../lib/contract/schema.ts';
import type { System } from '../../../lib/contract/system.ts';
import type { Resolution } from '../../../lib/core/inbound.ts';
import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import type { Clock } from '../../../lib/ports/clock.ts';
import type { HeadStatus } from '../../../lib/ports/process-store.ts';
import type { Served } from '../../../lib/service/served.ts';
import type { DeferredAnswer } from '../../../lib/service/consumer/deferred-answer.ts';
import type { Choices } from '../world/choices.ts';
import type { PortOutage } from '../world/port-outages.ts';

/** When every world begins. */
export const START = Date.parse('2026-11-21T10:00:00.000Z');

/** One thing that a service has done in its foreign system. A foreign system that keeps idempotency keys does each key once. */
export interface Effect {
  /** The command that had it; for a class `transaction` or `once` also the key. */
  readonly commandId: string;
  readonly command: string;
  readonly input: Json;
  /** Id of the command whose effect this one takes back. */
  readonly undoes?: string;
}

/** What handlers work with: the foreign systems, and the worker that they run in. */
export interface Site {
  /** The foreign systems keep this effect, once per command id; returns whether it is new. */
  effect(effect: Effect): boolean;
  /** Awaited before and after each effect: the worker may die, stand still or be overtaken there. */
  pass(): Promise<void>;
  /** The worker's own clock; it may be wrong. */
  readonly clock: Clock;
  /** Somebody answers a deferred command by its token, so many milliseconds from now; repeated until it is taken or refused. */
  answerLater(afterMs: number, token: string, answer: DeferredAnswer): void;
}

/** What the outside does, so many milliseconds after the beginning. The same act may stand twice: a retry of its producer. */
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
      /** When it happened, where it is said once more. @default when it is published */
      readonly happenedMs?: number;
      /** How many events away from its first cause it is. @default 0 */
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
  | { readonly kind: 'operate'; readonly pid: string; readonly opid: string; readonly act: 'cancel' | 'terminate' | 'resume' }
  /** The next build is deployed, where it has not been by chance. */
  | { readonly kind: 'deploy' }
);

/** What is known of one run at the end, from what production keeps: its head, its journal, the foreign systems. */
export interface EndedRun {
  readonly pid: string;
  readonly run: string;
  readonly status: HeadStatus;
  readonly entries: readonly JournalEntry[];
  /** All effects of its commands, in order. */
  readonly effects: readonly Effect[];
  /** Those that were not taken back. */
  readonly standing: readonly Effect[];
  /** Of a completed run. */
  readonly result?: Json;
  /** It was stuck and resumed meanwhile, or its table was restored: its patience may have ended where it otherwise had not. */
  readonly disturbed: boolean;
}

/** What must have become of one instance. */
export interface Expectation {
  /** Event ids that start it; exactly one run per start that was accepted, none for a duplicate. */
  readonly starts: readonly string[];
  /** Ids of all other events addressed to it. */
  readonly events: readonly string[];
  /** It goes on for ever, such as a decider that never ends: any of its events may begin it, and at rest it is running. @default it ends */
  readonly endless?: true;
  /** Another instance begins it, which may end before it does: where there is none, none is missed. @default it is begun */
  readonly begunByAnother?: true;
  /** Operator acts on it. */
  readonly operated: readonly ('cancel' | 'terminate' | 'resume')[];
  /** Some of its calls say `undo: false`, which no journal tells: what must have been undone is left to its judge. @default false */
  readonly optsOut?: boolean;
  /** What is not right with how it ended; nothing where all is. The protocol's own invariants are the auditor's. */
  judge(run: EndedRun): readonly string[];
}

/** A system, what happens to it, and what must come of it. */
export interface Scenario {
  readonly name: string;
  /** One build after the other is deployed in the middle; the first stands from the beginning. Most have one. */
  readonly builds: readonly System<string>[];
  /** The code is the same in all builds, and whatever their contracts differ in, each replays what any other has decided. @default they differ */
  readonly compatible?: true;
  /** Builds that are never deployed, on which every journal replays all the same. @default none */
  readonly replayedOn?: readonly System<string>[];
  /** The services' handlers on one worker. */
  serve(site: Site): readonly Served[];
  readonly acts: readonly Act[];
  /** How many messages a function is called with at most. @default 10 */
  readonly batch?: number;
  /** How its services are run, where that is not left to the seed. `receivesMax`: receives of a command before it is a dead letter. */
  readonly services?: { readonly workers: number; readonly polls: boolean; readonly receivesMax: number };
  /** What closed longer ago than this is retired, once a day as long as the outside still does something. @default nothing ever is */
  readonly retentionMs?: number;
  /** Ports that are out of reach for a time. @default none is */
  readonly outages?: readonly PortOutage[];
  /** What a person finds out of a command whose outcome its service cannot tell. @default nothing can be found out */
  finds?(commandId: string, command: string): Resolution;
  /** By pid. */
  readonly expectations: ReadonlyMap<string, Expectation>;
}

/** Draws a scenario: between 1 and 20 instances. */
export type ScenarioMaker = (choices: Choices) => Scenario;
