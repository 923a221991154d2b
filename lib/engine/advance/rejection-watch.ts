/**
 * Finds the instance whose code left a rejected promise without a handler. Node reports only that there is one, at the end of the turn in
 * which it was rejected, and then ends the process.
 *
 * W1 While an engine decides, such a rejection is noted here instead. No decision that was in progress is committed.
 * W2 Each of those instances is then decided again, alone: a rejection that is noted again meanwhile is its own.
 * W3 A rejection of no instance is thrown, as Node would have done.
 * W4 An engine that is abandoned in the middle, as in a test, notes nothing any more: a rejection that it held back would be lost.
 */
export class RejectionWatch {
  /** Number of noted rejections. An instance compares it before and after it has decided. */
  count = 0;
  #watchers = 0;
  #attributed = false;
  #abandoned = false;
  #noted: unknown[] = [];
  readonly #note = (reason: unknown): void => {
    this.count += 1;
    this.#noted.push(reason);
  };

  begin(): void {
    if (this.#abandoned) return;
    this.#watchers += 1;
    if (this.#watchers === 1) process.on('unhandledRejection', this.#note);
  }

  /** Attributes the last noted rejection to an instance. Returns the rejected value. */
  attribute(): unknown {
    this.#attributed = true;
    return this.#noted.at(-1);
  }

  end(): void {
    if (this.#abandoned) return;
    this.#watchers -= 1;
    if (this.#watchers > 0) return;
    process.off('unhandledRejection', this.#note);
    const noted = this.#noted;
    const attributed = this.#attributed;
    this.#noted = [];
    this.#attributed = false;
    // Other listeners of this event have received it already.
    if (noted.length === 0 || attributed || process.listenerCount('unhandledRejection') > 0) return;
    setImmediate(() => {
      throw noted[0];
    });
  }

  /** For an engine that will never call `end`. A noted rejection happens again in the next engine. */
  abandon(): void {
    this.#abandoned = true;
    process.off('unhandledRejection', this.#note);
  }
}

/** Node reports a rejection when a turn of the event loop has run all its microtasks. */
export function turnOver(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
