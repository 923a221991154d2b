/** Looks this often in the time that it allows: one late look, as after the machine has slept, is no proof. */
const LOOKS = 4;
/** What is watched beats this often between two looks, so that a busy machine does not look like a hang. */
const BEATS_A_LOOK = 4;

/** How often what is watched must beat for `allowedMs`. */
export function beatEveryMs(allowedMs: number): number {
  return Math.max(1, Math.floor(allowedMs / (LOOKS * BEATS_A_LOOK)));
}

/** Calls `hung` once where work is under way and nothing beats for `allowedMs`. Returns how to stop watching. */
export function watch(subject: {
  readonly allowedMs: number;
  readonly beats: Int32Array;
  /** How much work is under way: a thread without work may be as silent as it likes. */
  readonly pending: () => number;
  readonly hung: () => void;
}): () => void {
  let seen = -1;
  let silent = 0;
  const look = (): void => {
    const beats = Atomics.load(subject.beats, 0);
    silent = beats === seen && subject.pending() > 0 ? silent + 1 : 0;
    seen = beats;
    if (silent < LOOKS) return;
    clearInterval(timer);
    subject.hung();
  };
  const timer = setInterval(look, Math.max(1, Math.floor(subject.allowedMs / LOOKS)));
  return () => clearInterval(timer);
}
