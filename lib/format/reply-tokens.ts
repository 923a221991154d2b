import assert from 'node:assert/strict';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../ports/clock.ts';
import type { ReplyKey, ReplyKeys } from '../ports/reply-keys.ts';
import { sha256 } from './inbox-message.ts';

/**
 * Tokens that commands carry and replies copy (docs/protocol.md#reply-tokens): `h1.<key>.<HMAC-SHA-256 over command id and hash, 128
 * bits>`. Only the queue of a service contains them, so a publisher that may publish as a service, but cannot read its queue, cannot reply
 * to its commands.
 *
 * K1 All workers sign with the same keys: a conditional write creates the first key, and each worker reads the stored keys.
 * K2 A new key signs only when every worker has read it, which each does within `CACHE_MS`.
 * K3 An earlier key stays valid for commands that were first sent in its time, however long they stay open, and for no later one.
 */
export class ReplyTokens {
  readonly #keys: ReplyKeys;
  readonly #clock: Pick<Clock, 'now'>;
  #known: readonly ReplyKey[] = [];
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(keys: ReplyKeys, clock: Pick<Clock, 'now'>) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Reads the keys if they may be old: one read per worker and `CACHE_MS`. Rejects if the store does. */
  async refresh(): Promise<void> {
    const now = this.#clock.now();
    if (Math.abs(now - this.#readAt) < CACHE_MS) return;
    this.#reading ??= this.#read(now).finally(() => (this.#reading = undefined));
    await this.#reading;
  }

  /** Adds a key, once for each request id. */
  async rotate(requestId: string): Promise<void> {
    const id = sha256(requestId).slice(0, KEY_ID_LENGTH);
    const known = await this.#keys.keys();
    if (known.some((key) => key.id === id)) return;
    // If another rotation came first, its key serves as well.
    await this.#keys.add(newKey(id, this.#clock.now() + KEY_DELAY_MS), known.at(-1)?.id);
  }

  sign(commandId: string, datahash: string): string {
    const now = this.#clock.now();
    const key = this.#known.findLast(({ since }) => since <= now) ?? this.#known.at(0);
    assert(key !== undefined, 'a command is signed after the keys were read');
    return `h1.${key.id}.${macOf(key, commandId, datahash)}`;
  }

  /** Whether a token is that of this command. `since`: when the command was first decided, if that is known. */
  isGenuine(token: string | undefined, command: { readonly id: string; readonly datahash: string; readonly since?: number }): boolean {
    const { id, datahash, since } = command;
    const [first] = this.#known;
    // The command was sent before tokens existed.
    if (token === undefined) return since !== undefined && first !== undefined && since < first.since;
    const [, keyId, mac] = FORM.exec(token) ?? [];
    const at = this.#known.findIndex((key) => key.id === keyId);
    const key = this.#known[at];
    if (key === undefined || mac === undefined) return false;
    if (!timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(key, id, datahash)))) return false;
    const next = this.#known[at + 1];
    return next === undefined || since === undefined || since < next.since + SKEW_MS;
  }

  async #read(now: number): Promise<void> {
    let known = await this.#keys.keys();
    if (known.length === 0) {
      await this.#keys.add(newKey(randomBytes(6).toString('base64url'), now), undefined);
      known = await this.#keys.keys();
    }
    this.#known = known;
    this.#readAt = now;
  }
}

const CACHE_MS = 300_000;
/** Delay before a new key signs. */
export const KEY_DELAY_MS = 2 * CACHE_MS;
/** Clocks of workers differ, and one worker decides a command that another signs. */
const SKEW_MS = 86_400_000;
const KEY_ID_LENGTH = 8;
const SECRET_BYTES = 32;
const MAC_BYTES = 16;
const FORM = /^h1\.([A-Za-z0-9_-]{8})\.([A-Za-z0-9_-]{22})$/;

function newKey(id: string, since: number): ReplyKey {
  return { id, secret: randomBytes(SECRET_BYTES).toString('base64url'), since };
}

function macOf({ secret }: ReplyKey, commandId: string, datahash: string): string {
  return createHmac('sha256', secret).update(`${commandId}\n${datahash}`).digest().subarray(0, MAC_BYTES).toString('base64url');
}
