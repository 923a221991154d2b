import { errorOf, faultOf, unknownMethod, type Fault } from '../fault.ts';

/** One end of a channel: the worker as its parent has it, the port to the parent, or a socket. */
export interface ChannelEnd {
  on(event: 'message', receive: (post: Post) => void): unknown;
  postMessage(post: Post): void;
}

type Method = (...args: readonly never[]) => Promise<unknown>;
/** The methods that this end answers, by `port.method`. */
export type Methods = Readonly<Record<string, Method>>;

/** Flat, because thousands cross each second: calls as (id, method, arguments), answers as (id, whether it failed, value). */
export type Post = readonly [calls: readonly unknown[], answers: readonly unknown[]];
const FIELDS = 3;

/** Whether a value from outside of this program is a post. */
export function isPost(value: unknown): value is Post {
  if (!Array.isArray(value) || value.length !== 2 || !value.every(Array.isArray)) return false;
  const [calls, answers] = value as [unknown[], unknown[]];
  return (
    calls.length % FIELDS === 0 &&
    answers.length % FIELDS === 0 &&
    calls.every((field, i) => (i % FIELDS === 1 ? typeof field === 'string' : i % FIELDS === 0 || Array.isArray(field)))
  );
}

/** Calls methods at the other end. */
export interface Caller {
  call<T>(method: string, args: readonly unknown[]): Promise<T>;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Calls between two threads or processes, with plain data. All calls and answers of one turn of the event loop share one message, because
 * a message costs more than its contents.
 */
export class PortChannel implements Caller {
  readonly #end: ChannelEnd;
  readonly #methods: Methods;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  #calls: unknown[] = [];
  #answers: unknown[] = [];
  #scheduled = false;
  #closed: unknown;

  constructor(end: ChannelEnd, methods: Methods) {
    this.#end = end;
    this.#methods = methods;
    end.on('message', (post: Post) => this.#receive(post));
  }

  /** Number of calls that the other end has not answered. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Calls `method` at the other end. */
  call<T>(method: string, args: readonly unknown[]): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise<T>((resolve, reject) => {
      const id = (this.#count += 1);
      this.#waiting.set(id, { resolve, reject });
      this.#calls.push(id, method, args);
      this.#schedule();
    });
  }

  /** The other end is gone: pending calls fail with `reason`, and answers to its calls are dropped. */
  close(reason: unknown): void {
    this.#closed = reason;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(reason);
  }

  #receive([calls, answers]: Post): void {
    if (this.#closed !== undefined) return;
    for (let i = 0; i < answers.length; i += FIELDS) this.#settle(answers[i] as number, answers[i + 1] as boolean, answers[i + 2]);
    // Answers are delivered before new calls run, so that a call that was answered first also returns first.
    if (answers.length > 0 && calls.length > 0) setImmediate(() => this.#runAll(calls));
    else this.#runAll(calls);
  }

  #runAll(calls: readonly unknown[]): void {
    for (let i = 0; i < calls.length; i += FIELDS) this.#run(calls[i] as number, calls[i + 1] as string, calls[i + 2] as never);
  }

  #settle(id: number, failed: boolean, value: unknown): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failed) waiting?.reject(errorOf(value as Fault));
    else waiting?.resolve(value as never);
  }

  #run(id: number, method: string, args: readonly never[]): void {
    const run = this.#methods[method];
    if (run === undefined) {
      this.#answer(id, true, faultOf(unknownMethod(method)));
      return;
    }
    run(...args).then(
      (value) => this.#answer(id, false, value),
      (error: unknown) => this.#answer(id, true, faultOf(error)),
    );
  }

  #answer(id: number, failed: boolean, value: unknown): void {
    this.#answers.push(id, failed, value);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    if (this.#closed !== undefined) return;
    const post: Post = [this.#calls, this.#answers];
    this.#calls = [];
    this.#answers = [];
    this.#end.postMessage(post);
  };
}

/** The port `name` of the other end of the channel. */
export function remotePort<T extends object>(channel: Caller, name: string, methods: readonly (keyof T & string)[]): T {
  const entries = methods.map((method) => [method, (...args: unknown[]) => channel.call(`${name}.${method}`, args)]);
  return Object.fromEntries(entries) as T;
}

/** The methods of `port` that the other end may call. */
export function offeredPort<T extends object>(port: T, name: string, methods: readonly (keyof T & string)[]): Methods {
  return Object.fromEntries(
    methods.map((method) => [`${name}.${method}`, (...args: readonly never[]) => (port[method] as Method)(...args)]),
  );
}
