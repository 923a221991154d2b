/** Looks within the time allowed. One late look, as after the machine has slept, proves no hang. */
const LOOKS = 4;
/** Beats between two looks, so that a busy machine does not look like a hang. */
const BEATS_A_LOOK = 4;

/** `silent`: the thread does not yield. `goes on`: one activation yields but does not end. */
export type Hang = 'silent' | 'goes on';

/** Interval of the beats for `allowedMs`. */
export function beatEveryMs(allowedMs: number): number {
  return Math.max(1, Math.floor(allowedMs / (LOOKS * BEATS_A_LOOK)));
}

/**
 * Calls `hung` once if work is in progress and the thread does not beat for `allowedMs`, or if one activation runs for longer than that.
 * Returns a function that stops watching.
 */
export function watch(subject: {
  readonly allowedMs: number;
  /** Number of beats and of begun activations, because one turn may serve many instances. */
  readonly beats: () => number;
  /** Number of calls in flight. A thread without work need not beat. */
  readonly pending: () => number;
  /** Number of the activation that runs; 0 if it is not known. */
  readonly activation: () => number;
  readonly hung: (why: Hang) => void;
}): () => void {
  let seen = -1;
  let silent = 0;
  let running = 0;
  let aged = 0;
  const look = (): void => {
    const beats = subject.beats();
    const activation = subject.activation();
    silent = beats === seen && subject.pending() > 0 ? silent + 1 : 0;
    aged = activation === running && activation !== 0 ? aged + 1 : 0;
    seen = beats;
    running = activation;
    if (silent < LOOKS && aged < LOOKS) return;
    clearInterval(timer);
    subject.hung(silent < LOOKS ? 'goes on' : 'silent');
  };
  const timer = setInterval(look, Math.max(1, Math.floor(subject.allowedMs / LOOKS)));
  return () => clearInterval(timer);
}
