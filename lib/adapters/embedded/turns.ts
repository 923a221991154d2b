import { setImmediate as nextTurn } from 'node:timers/promises';

/** Other work of the thread gets its turn after this time. */
const TURN_MS = 8;

/** A function for long work to await between its parts: it lets other work of the thread run if its last turn is too long ago. */
export function turns(): () => Promise<void> {
  let turned = performance.now();
  return async () => {
    if (performance.now() - turned < TURN_MS) return;
    await nextTurn();
    turned = performance.now();
  };
}
