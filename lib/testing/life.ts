/** One worker from its start to the crash that ends it. What it still does after that reaches nobody. */
export class Life {
  /** Resolves with the crash. */
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

  /** What a dead worker waits for. */
  static never(): Promise<never> {
    return new Promise(() => undefined);
  }

  /** The port as this worker holds it: once it is dead, no call begins and none returns. Only for methods that return promises. */
  holds<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        // A name alone is no call.
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
