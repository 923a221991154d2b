/** Looks this often in the time that it allows: one late look, as after the machine has slept, is no proof. */
const LOOKS = 4;
/** What is watched beats this often between two looks, so that a busy machine does not look like a hang. */
const BEATS_A_LOOK = 4;

/** `silent`: nothing yields. `goes on`: one activation yields, and never waits. */
export type Hang = 'silent' | 'goes on';

/** How often what is watched must beat for `allowedMs`. */
export function beatEveryMs(allowedMs: number): number {
  return Math.max(1, Math.floor(allowedMs / (LOOKS * BEATS_A_LOOK)));
}

/**
 * Calls `hung` once where work is under way and nothing beats for `allowedMs`, or where one activation runs for longer than that although
 * it yields. Returns how to stop watching.
 */
export function watch(subject: {
  readonly allowedMs: number;
  /** How often the thread has beaten, or begun an activation: one turn may serve many instances. */
  readonly beats: () => number;
  /** How much work is under way: a thread without work may be as silent as it likes. */
  readonly pending: () => number;
  /** Number of the activation that runs; 0 where it is not known. */
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
