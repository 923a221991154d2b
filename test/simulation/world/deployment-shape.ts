import type { Choices } from './choices.ts';

/** The shape of one seed's deployment: swarm testing varies the system too, not only its faults. */
export interface DeploymentShape {
  /** Environments of the engine's function that may run at the same time. */
  readonly engines: number;
  /** Workers of each service. */
  readonly workers: number;
  /** Like the embedded runtime: no function around the engine, timers by the due index only. */
  readonly embedded: boolean;
  readonly hotLane: boolean;
  /** Heads are marked as hot at random, so that the hot lane has more to do than a few engines would give it. */
  readonly heated: boolean;
  /** Deliveries before a message moves to the dead-letter queue: fewer than in production, so that some messages do. */
  readonly maxReceiveCount: number;
  readonly warmMax: number;
  /** Services poll their queue themselves, instead of being called with its batches. */
  readonly polls: boolean;
  /** How long a service's function may run, in milliseconds. */
  readonly serviceTimeMs: number;
  /** The share of instances whose journals are replayed, from 0 to 1. */
  readonly replayed: number;
}

const TIMER_HORIZON_MS = 900_000;

/** The first value of each list is the plainest. */
export const drawDeploymentShape = (choices: Choices): DeploymentShape => {
  const embedded = choices.chance(0.25);
  const hotLane = !embedded && choices.chance(0.5);
  return {
    engines: choices.between(1, 4),
    workers: choices.between(1, 2),
    embedded,
    hotLane,
    heated: hotLane && choices.chance(0.5),
    maxReceiveCount: choices.one([20, 20, 6, 4]),
    warmMax: choices.one([2_000, 2_000, 1, 0]),
    polls: choices.chance(0.3),
    serviceTimeMs: choices.one([120_000, 900_000, 20_000]),
    replayed: choices.one([0.1, 0.1, 1]),
  };
};

/** Timers at most this far ahead are carried by the inbox, in milliseconds. */
export const tickHorizonMs = ({ embedded }: DeploymentShape): number => (embedded ? -1 : TIMER_HORIZON_MS);
