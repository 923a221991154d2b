import type { BufferResult, CommitResult, EarlyEvent, Expectation, Head, JournalChunk, ProcessStore } from '../../ports/process-store.ts';
import type { Faults } from './faults.ts';

/** Images of one head that a stale read may show. */
const IMAGES_MAX = 4;

/** A process store in bad weather: answers get lost, calls fail, and reads that need not be consistent show older images. */
export class FaultyProcessStore implements ProcessStore {
  readonly #inner: ProcessStore;
  readonly #faults: Faults;
  /** What each head was before its last writes, the oldest first; undefined: there was none. */
  readonly #before = new Map<string, (Head | undefined)[]>();

  constructor(inner: ProcessStore, faults: Faults) {
    this.#inner = inner;
    this.#faults = faults;
  }

  load(pids: readonly string[], options: { readonly consistent: boolean }): Promise<readonly (Head | undefined)[]> {
    return this.#faults.call('load', async () => {
      const heads = await this.#inner.load(pids, options);
      return options.consistent ? heads : heads.map((head, at) => this.#perhapsOlder(pids[at] as string, head));
    });
  }

  commit(head: Head, expected: Expectation): Promise<CommitResult> {
    return this.#faults.call('commit', () => this.#remembering(head.pid, () => this.#inner.commit(head, expected)));
  }

  buffer(event: EarlyEvent): Promise<BufferResult> {
    return this.#faults.call('buffer', () => this.#remembering(event.pid, () => this.#inner.buffer(event)));
  }

  spill(chunk: JournalChunk): Promise<void> {
    return this.#faults.call('spill', () => this.#inner.spill(chunk));
  }

  chunks(pid: string, run: string): Promise<readonly JournalChunk[]> {
    return this.#faults.call('chunks', () => this.#inner.chunks(pid, run));
  }

  async #remembering<Result>(pid: string, write: () => Promise<Result>): Promise<Result> {
    const [image] = await this.#inner.load([pid], { consistent: true });
    const images = this.#before.get(pid) ?? [];
    if (images.length === 0 || images.at(-1) !== image) images.push(image);
    if (images.length > IMAGES_MAX) images.shift();
    this.#before.set(pid, images);
    return await write();
  }

  #perhapsOlder(pid: string, head: Head | undefined): Head | undefined {
    const images = this.#before.get(pid);
    if (images === undefined || !this.#faults.draw(this.#faults.chances.stale)) return head;
    return images[this.#faults.below(images.length)];
  }
}
