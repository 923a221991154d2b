import { builtInDefinition } from './built-in.ts';
import type { ProcessContract } from './runtime-contract.ts';
import { ANYTHING } from './schedule-instance.ts';
import { processOf, tenantOfPid } from './wire/process-id.ts';

/** The process name of the instance that keeps the holds. No process has two hyphens in a row. */
export const HOLDS = 'tutti--holds';
/** One instance keeps the holds of all tenants, because every worker reads it. */
export const HOLDS_PID = `default#${HOLDS}#all`;
/** Holds at a time. */
export const HOLDS_MAX = 50;

/** The instances of one process, or the commands to one service, within one tenant. */
export type HoldScope = { readonly tenant: string } & (
  | { readonly process: string; readonly service?: undefined }
  | { readonly service: string; readonly process?: undefined }
);

/** The pause of a process or of a service, until it ends (docs/protocol.md#holds). */
export type Hold = HoldScope & {
  /** Id of the operation that began it. */
  readonly id: string;
  /** The instant at which it was asked for, in milliseconds. */
  readonly at: number;
  readonly reason: string;
  /** The principal, as the operation names it, and as the queue of operations reports it. */
  readonly by: string;
  readonly sender?: string;
  /** `stop`: timers and limits of what it holds keep their remaining time. `run`: those that pass meanwhile are due at its end. */
  readonly clock: 'stop' | 'run';
  /** A start by a client or an event is refused. @default it is kept until the end of the hold */
  readonly starts?: 'reject';
};

/** The state of the instance that keeps the holds. It is the view. */
export interface HoldsState {
  readonly holds: readonly Hold[];
}

/** The event that begins or ends a hold. */
export type HoldEvent = { readonly act: 'pause'; readonly hold: Hold } | ({ readonly act: 'resume' } & Requested & HoldScope);

interface Requested {
  readonly reason: string;
  readonly by: string;
  readonly sender?: string;
}

/** Their types. */
export const HOLD_EVENTS = { pause: 'tutti.hold', resume: 'tutti.hold-end' } as const;

/** The definition of the instance that keeps the holds. Its reducer is lib/core/holding.ts. */
export const holdsDefinition: ProcessContract = Object.freeze(builtInDefinition({ name: HOLDS, builtIn: 'hold' }, { view: ANYTHING }));

/** The scope in a head and in the journal: `process:book-trip`. */
export function scopeKey({ process, service }: HoldScope): string {
  return process === undefined ? `service:${service}` : `process:${process}`;
}

/** The scope as a person reads it: `the process book-trip`. */
export function scopeText(scope: HoldScope): string {
  return `the ${scopeKey(scope).replace(':', ' ')}`;
}

/** Why a hold keeps or refuses a start, for the parked copy. It begins with the scope, by which the end of the hold finds what it keeps. */
export function heldDetail(hold: Hold, isRefused: boolean): string {
  const outcome = isRefused ? 'It refuses new starts: start again after its end.' : 'The start is applied when the pause ends.';
  return `${keptBy(hold)} ${hold.by}: ${hold.reason}. ${outcome}`;
}

/** Whether a hold has refused the start that is parked with this detail. */
export function isRefusedByHold(detail: string): boolean {
  return /^The (?:process|service) \S+ is paused by /.test(detail);
}

/** Whether the hold of this scope keeps a start that is parked with this detail. */
export function isKeptBy(scope: HoldScope, detail: string): boolean {
  return detail.startsWith(`${keptBy(scope)} `);
}

function keptBy(scope: HoldScope): string {
  return `The ${scopeKey(scope).replace(':', ' ')} is paused by`;
}

/** Whether both name the same instances or commands. */
export function isSameScope(a: HoldScope, b: HoldScope): boolean {
  return a.tenant === b.tenant && a.process === b.process && a.service === b.service;
}

/** The hold of the process of an instance. */
export function holdOfInstance(holds: readonly Hold[], pid: string): Hold | undefined {
  return holds.find(({ tenant, process }) => process === processOf(pid) && tenant === tenantOfPid(pid));
}
