import type { ActivationObserver } from '../core/run.ts';

/** The activation that the engine's thread runs, in memory that its host reads while the thread does not yield. */
export interface SharedActivation {
  /** Indexed by `WORD`. */
  readonly words: Int32Array;
  /** The pid of the activation that runs, in UTF-8. */
  readonly pid: Uint8Array;
}

/** `BEGUN` counts activations. `RUNS` is the number of the one that runs, 0 if it is not known. `BYTES` is the length of its pid. */
const WORD = { BEGUN: 0, RUNS: 1, BYTES: 2 } as const;

/** Longer than any pid in UTF-8. */
const PID_BYTES_MAX = 1024;

export function sharedActivation(): SharedActivation {
  return {
    words: new Int32Array(new SharedArrayBuffer(Object.keys(WORD).length * Int32Array.BYTES_PER_ELEMENT)),
    pid: new Uint8Array(new SharedArrayBuffer(PID_BYTES_MAX)),
  };
}

/** Number of activations that the thread has begun. */
export function begunIn({ words }: SharedActivation): number {
  return Atomics.load(words, WORD.BEGUN);
}

/** The number of the activation that runs; 0 if none runs or it is not known. */
export function runningIn({ words }: SharedActivation): number {
  return Atomics.load(words, WORD.RUNS);
}

/** The pid of the activation that runs. Valid only while the thread does not yield, or after it has ended. */
export function pidIn({ words, pid }: SharedActivation): string | undefined {
  if (Atomics.load(words, WORD.RUNS) === 0) return undefined;
  // A decoder does not accept shared memory, so `slice` copies it.
  return new TextDecoder().decode(pid.slice(0, Atomics.load(words, WORD.BYTES)));
}

/**
 * The engine's half: records the activation that runs.
 *
 * V1 An activation is named until it first yields, and as long as no other is open: only its code can run then.
 * V2 If several are open, none is named, because a microtask may continue any of them. The activations of a lost thread run again one by
 *    one, so the cause is named then.
 */
export class RunningActivation implements ActivationObserver {
  readonly #shared: SharedActivation;
  readonly #encoder = new TextEncoder();
  /** The numbers of the open activations, by pid. */
  readonly #open = new Map<string, number>();

  constructor(shared: SharedActivation) {
    this.#shared = shared;
  }

  begun(pid: string): void {
    const number = Atomics.add(this.#shared.words, WORD.BEGUN, 1) + 1;
    this.#open.set(pid, number);
    this.#name(pid, number);
  }

  yielded(): void {
    if (this.#open.size > 1) this.#nameNone();
  }

  ended(pid: string): void {
    this.#open.delete(pid);
    if (this.#open.size === 1) for (const [last, number] of this.#open) this.#name(last, number);
    else this.#nameNone();
  }

  #name(pid: string, number: number): void {
    const { words, pid: bytes } = this.#shared;
    Atomics.store(words, WORD.BYTES, this.#encoder.encodeInto(pid, bytes).written);
    Atomics.store(words, WORD.RUNS, number);
  }

  #nameNone(): void {
    Atomics.store(this.#shared.words, WORD.RUNS, 0);
  }
}
