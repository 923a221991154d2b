import { builtInDefinition } from './built-in.ts';
import type { ProcessContract } from './runtime-contract.ts';

/** The process name of bulk jobs. No process has two hyphens in a row. */
export const BULK = 'tutti--bulk';
/** The engine command by which a job operates one instance (docs/protocol.md#bulk). */
export const OPERATE = 'tutti.operate';
/** Instances of one job: its input then fits into a message, and its journal is short. */
export const BULK_INSTANCES_MAX = 2_000;
/** Operations a second. */
export const BULK_RATE_MAX = 100;

/** An operation that a job does on each of its instances. */
export type BulkAct = 'cancel' | 'terminate' | 'pause' | 'resume';
export const BULK_ACTS: readonly BulkAct[] = ['cancel', 'terminate', 'pause', 'resume'];

/**
 * Instances of one process: their ids, and of each the first run of its chain, so that no later run is operated. A run is empty if its start is
 * stuck. Jobs of earlier builds have no runs.
 */
export type BulkTargets = readonly [process: string, ids: readonly string[], runs?: readonly string[]];

/** An operation on many instances, as its request carries it. */
export interface BulkJob {
  readonly act: BulkAct;
  /** The filter that has found the instances. */
  readonly where: string;
  /** The instances of each process, frozen at the preview. */
  readonly targets: readonly BulkTargets[];
  /** Operations a second. */
  readonly rate: number;
  /** With `pause`. @default 'stop' */
  readonly clock?: 'stop' | 'run';
  /** With `resume`: the version of the process to go on with. */
  readonly version?: number;
}

/** The input of the run of a job. */
export type StartedBulkJob = BulkJob & Requested;

/** The requester of an operation. */
interface Requested {
  readonly reason: string;
  readonly by: string;
  /** The sender, as the queue of operations reports it. */
  readonly sender?: string;
}

/** The input of the engine command `tutti.operate`. */
export type OperateInput = Pick<BulkJob, 'act' | 'clock' | 'version'> &
  Requested & {
    /** The first run of the chain that the preview has shown. */
    readonly run?: string;
  };

/** The result of an operation on one instance. `unchanged`: it was in that state already. */
export interface OperateOutput {
  readonly status: string;
  readonly unchanged?: true;
}

/** The definition of every job. Its reducer is lib/core/bulk-job.ts. No client starts it: a job comes by the queue of operations. */
export const bulkDefinition: ProcessContract = Object.freeze(
  builtInDefinition({ name: BULK, builtIn: 'bulk' }, { kind: 'async', onOpen: 'reject', onClosed: 'reject', late: 'ignore' }),
);
