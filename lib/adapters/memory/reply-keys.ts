import type { ReplyKey, ReplyKeys } from '../../ports/reply-keys.ts';

/** Reply keys in a list. */
export class MemoryReplyKeys implements ReplyKeys {
  #keys: readonly ReplyKey[] = [];

  async keys(): Promise<readonly ReplyKey[]> {
    return this.#keys;
  }

  async add(key: ReplyKey, last: string | undefined): Promise<boolean> {
    if (this.#keys.at(-1)?.id !== last) return false;
    this.#keys = [...this.#keys, key];
    return true;
  }
}
