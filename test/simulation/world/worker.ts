import type { Clock } from '../../../lib/ports/clock.ts';
import type { VirtualClock } from '../../../lib/adapters/memory/virtual-clock.ts';
import type { Choices } from './choices.ts';
import type { Faults } from './faults.ts';
import type { Turns } from './turns.ts';

/** The environment of a worker. */
export interface Surroundings {
  readonly clock: VirtualClock;
  readonly turns: Turns;
  readonly choices: Choices;
  readonly faults: Faults;
}

const NEVER = new Promise<never>(() => undefined);
/** Longer than a message stays hidden, so that another worker receives it meanwhile. */
const FROZEN_MS_MIN = 30_000;
const FROZEN_MS_STEP = 60_000;
const FROZEN_STEPS = 6;
const SKEW_MS = 10_000;
const JUMP_MS = 3_600_000;

/** One life of a worker, such as an environment of a function. When it dies, none of its calls ever returns; what it has done stays done. */
export class Worker {
  readonly name: string;
  readonly clock: Clock;
  readonly died: Promise<void>;
  dead = false;
  /** The number of journals that it replays for steps, beside the calls that it waits for. */
  replaying = 0;
  #die!: () => void;
  readonly #around: Surroundings;
  /** Calls that wait for their turn. */
  #waiting = 0;
  #sleeping = 0;
  /** Set between two invocations, when nothing of the worker runs: Lambda freezes an environment then. */
  #thawed: Promise<void> | undefined;
  #thaw: (() => void) | undefined;

  constructor(name: string, around: Surroundings) {
    this.name = name;
    this.#around = around;
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
    this.clock = this.#ownClock();
  }

  /** The worker waits neither for a call nor for time. */
  get thinks(): boolean {
    return !this.dead && this.#waiting === 0 && this.#sleeping === 0;
  }

  kill(): void {
    this.dead = true;
    this.#die();
  }

  /** The invocation has ended: work that it has left running continues in the next one. */
  freeze(): void {
    this.#thawed ??= new Promise((resolve) => {
      this.#thaw = resolve;
    });
  }

  thaw(): void {
    this.#thaw?.();
    this.#thawed = undefined;
    this.#thaw = undefined;
  }

  /** A point before or after a call, at which the worker may die, or freeze and then continue as if nothing had happened. */
  async pass(where: string): Promise<void> {
    const { turns, faults, clock, choices } = this.#around;
    this.#waiting += 1;
    await turns.wait(`${this.name} ${where}`);
    this.#waiting -= 1;
    // Counted as asleep, because it waits for no turn.
    if (this.#thawed) await this.#asleep(this.#thawed);
    if (!this.dead && faults.strikes('crash')) this.kill();
    if (this.dead) await NEVER;
    if (faults.strikes('freeze')) await this.#asleep(clock.sleep(FROZEN_MS_MIN + FROZEN_MS_STEP * choices.below(FROZEN_STEPS)));
    if (this.dead) await NEVER;
  }

  async #asleep(until: Promise<void>): Promise<void> {
    this.#sleeping += 1;
    await until;
    this.#sleeping -= 1;
  }

  #ownClock(): Clock {
    const { clock, faults, choices } = this.#around;
    let skewMs = 0;
    if (faults.strikes('clock-skew')) skewMs += choices.between(-SKEW_MS, SKEW_MS);
    if (faults.strikes('clock-jump')) skewMs += choices.chance(0.5) ? JUMP_MS : -JUMP_MS;
    return {
      now: () => clock.now() + skewMs,
      sleep: (milliseconds, signal) => this.#asleep(clock.sleep(milliseconds, signal)),
    };
  }
}
