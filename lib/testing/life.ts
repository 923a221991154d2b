/** The life of one worker, from its start to a crash. After the crash, the calls of the worker have no effect. */
export class Life {
  /** Resolves when the worker crashes. */
  readonly over: Promise<void>;
  #alive = true;
  #end: () => void = () => undefined;

  constructor() {
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
    this.#end();
  }

  /** A promise that never settles: the calls of a dead worker return it. */
  static never(): Promise<never> {
    return new Promise(() => undefined);
  }

  /** A port for this worker: after the crash, no call starts and none returns. Only for methods that return promises. */
  holds<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        // `reference` only computes a name, and returns no promise.
        if (typeof member !== 'function' || name === 'reference') return member;
        return async (...args: unknown[]): Promise<unknown> => {
          if (!this.#alive) return Life.never();
          try {
            const value: unknown = await Reflect.apply(member, target, args);
            return this.#alive ? value : Life.never();
          } catch (error) {
            if (this.#alive) throw error;
            return Life.never();
          }
        };
      },
    });
  }
}
