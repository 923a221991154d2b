/**
 * Finds the instance whose code left a rejected promise that nobody handles. Node tells only that there
 * is one, at the end of the turn in which it was rejected, and then ends the process.
 *
 * W1 While an engine decides, such a rejection is noted here instead. What was being decided meanwhile is not committed.
 * W2 Each of those instances is then decided again alone: the one during which it is noted again is guilty of it.
 * W3 One that no instance is guilty of is thrown, as Node would have done.
 * W4 An engine that dies in the middle, as in a test, notes nothing any more: what it holds back would be lost to everybody.
 */
export class RejectionWatch {
  /** How many were noted. An instance compares it before and after it has decided. */
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

  /** An instance is guilty of what was noted last. Returns what was thrown. */
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
    // Who listens for them has been told already.
    if (noted.length === 0 || attributed || process.listenerCount('unhandledRejection') > 0) return;
    setImmediate(() => {
      throw noted[0];
    });
  }

  /** For good: its engine never ends what it has begun. What was noted is met again by the next engine. */
  abandon(): void {
    this.#abandoned = true;
    process.off('unhandledRejection', this.#note);
  }
}

/** Node tells of a rejection when a turn of the event loop has run all its microtasks. */
export function turnOver(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
