import type { Choices } from './choices.ts';

/** Everything that AWS, a network, an operator or a deploy is allowed to do to us (docs/correctness.md#every-failure-and-what-holds-it). Each is counted under its name. */
export const FAULT_KINDS = [
  'call-failed',
  'answer-lost',
  'throttled',
  'stale-read',
  'index-lag',
  'entry-failed',
  'sender-fault',
  'duplicate-message',
  'duplicate-delivery',
  'stale-receipt',
  'delay',
  'reorder',
  'bus-duplicate',
  'crash',
  'freeze',
  'time-out',
  'clock-skew',
  'clock-jump',
  'dead-letter',
  'redeploy',
  'operator',
  'restore',
  'service-outage',
  'handler-error',
  'forged-reply',
  'tick-lost',
  'invalid-reply',
] as const;

/** A port is out of reach for minutes or hours. A scenario plans such a fault; no call draws it. */
export const OUTAGE_KINDS = ['store-outage', 'queue-outage', 'bus-outage'] as const;
export type OutageKind = (typeof OUTAGE_KINDS)[number];
export type FaultKind = (typeof FAULT_KINDS)[number] | OutageKind;

/** Fewer faults would test nothing; more would leave nothing of the scenario. */
export const FAULTS_MIN = 5;
export const FAULTS_MAX = 60;

/**
 * How likely each kind is at each place where it may strike, in a seed that has it at its lowest rate. A kind that may strike everywhere
 * strikes rarely.
 */
const CHANCES: Readonly<Record<(typeof FAULT_KINDS)[number], number>> = {
  'call-failed': 0.01,
  'answer-lost': 0.01,
  throttled: 0.004,
  'stale-read': 0.1,
  'index-lag': 0.05,
  'entry-failed': 0.01,
  'sender-fault': 0.001,
  'duplicate-message': 0.02,
  'duplicate-delivery': 0.03,
  'stale-receipt': 0.3,
  delay: 0.02,
  reorder: 0.1,
  'bus-duplicate': 0.02,
  crash: 0.004,
  freeze: 0.002,
  'time-out': 0.02,
  'clock-skew': 0.04,
  'clock-jump': 0.01,
  'dead-letter': 0.002,
  redeploy: 0.002,
  operator: 0.05,
  restore: 1,
  'service-outage': 0.002,
  'handler-error': 0.02,
  'forged-reply': 0.003,
  'tick-lost': 0.01,
  'invalid-reply': 0.03,
};

const MORE = [1, 3, 10] as const;
/** The audit excuses much after a restore, so few seeds have one. */
const RESTORED_SEEDS = 0.03;

/**
 * The weather of one seed: which kinds of fault there are, how often, and how many in all. Swarm testing (Groce et al., ISSTA 2012): a seed
 * that has few kinds goes deeper into them than one that has all.
 */
export class Faults {
  readonly counts: Partial<Record<FaultKind, number>> = {};
  /** The most faults that this seed may have. */
  readonly most: number;
  count = 0;
  readonly #choices: Choices;
  readonly #told: (kind: FaultKind) => void;
  readonly #chances = new Map<FaultKind, number>();
  #over = false;

  /** Calls `told` for each fault, when it happens. */
  constructor(choices: Choices, told: (kind: FaultKind) => void = () => undefined) {
    this.#choices = choices;
    this.#told = told;
    this.most = choices.between(FAULTS_MIN, FAULTS_MAX);
    for (const kind of FAULT_KINDS) {
      const has = choices.chance(kind === 'restore' ? RESTORED_SEEDS : 0.5);
      if (has) this.#chances.set(kind, CHANCES[kind] * (kind === 'restore' ? 1 : choices.one(MORE)));
    }
  }

  has(kind: FaultKind): boolean {
    return !this.#over && this.#chances.has(kind);
  }

  /** Whether the fault happens here and now; it is counted if so. */
  strikes(kind: FaultKind): boolean {
    if (this.#over || this.count >= this.most) return false;
    const chance = this.#chances.get(kind);
    if (chance === undefined || !this.#choices.chance(Math.min(chance, 0.9))) return false;
    this.happened(kind);
    return true;
  }

  /** Counts a fault that was not drawn. */
  happened(kind: FaultKind): void {
    this.count += 1;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    this.#told(kind);
  }

  /** No fault strikes from now on. */
  end(): void {
    this.#over = true;
  }
}

/** A transient fault: the caller does not know whether its call took effect. */
export class SimulatedFault extends Error {
  /** Marked as the errors of the SDK are. */
  readonly retryable = true;

  constructor(what: string) {
    super(`Simulated: ${what}.`);
    this.name = 'SimulatedFault';
  }
}
