const PROTOTYPES = { Object: Object.prototype, Array: Array.prototype, String: String.prototype, Function: Function.prototype };

/** The members of the built-in prototypes, which data must never change. */
export class Pollution {
  readonly #before = Pollution.#keys();

  check(): void {
    const now = Pollution.#keys();
    if (now.join() !== this.#before.join()) throw new Error(`Data has changed a prototype: ${now.join()}`);
  }

  static #keys(): string[] {
    return Object.entries(PROTOTYPES).map(([name, prototype]) => `${name}: ${Reflect.ownKeys(prototype).map(String).join()}`);
  }
}
