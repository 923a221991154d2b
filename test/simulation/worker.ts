import type { Turns } from './turns.ts';

/** What may befall a worker at each call that it makes. Chances from 0 to 1. */
export interface Mishaps {
  readonly crash: number;
  /** It stands still for longer than its messages are hidden, and then goes on as if nothing had happened. */
  readonly freeze: number;
}

const NEVER = new Promise<never>(() => undefined);

/** One life of a worker. When it dies, none of its calls ever returns; what it had done before stays done. */
export class Worker {
  readonly died: Promise<void>;
  #dead = false;
  #die!: () => void;
  readonly #turns: Turns;
  readonly #random: () => number;
  readonly #mishaps: () => Mishaps;
  readonly #sleep: (milliseconds: number) => Promise<void>;

  constructor(turns: Turns, random: () => number, mishaps: () => Mishaps, sleep: (milliseconds: number) => Promise<void>) {
    this.#turns = turns;
    this.#random = random;
    this.#mishaps = mishaps;
    this.#sleep = sleep;
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** A place between two calls, where it may die. */
  async pass(): Promise<void> {
    await this.#turns.wait();
    if (!this.#dead && this.#random() < this.#mishaps().crash) {
      this.#dead = true;
      this.#die();
    }
    if (this.#dead) await NEVER;
    if (this.#random() < this.#mishaps().freeze) await this.#sleep(90_000);
  }

  /** A port whose calls take turns, and may be this worker's last, before they do their work or after. */
  port<Port extends object>(port: Port): Port {
    const call = async (run: () => unknown): Promise<unknown> => {
      await this.pass();
      const result = await run();
      await this.pass();
      return result;
    };
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function' || name === 'reference') return member;
        return (...args: unknown[]) => call(() => Reflect.apply(member, target, args) as unknown);
      },
    });
  }
}
