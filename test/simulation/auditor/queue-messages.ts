interface Message {
  readonly queue: string;
  readonly inner: string;
  readonly wrapped: boolean;
}

/** The messages in the queues of the engine, by content. */
export class QueueMessages {
  readonly #byId = new Map<string, Message>();
  readonly #byInner = new Map<string, Set<string>>();
  /** The content of each message, even after its deletion. */
  readonly #inner = new Map<string, string>();
  /** When each message was accepted first. */
  readonly #acceptedAt = new Map<string, number>();
  /** How many messages of this content were ever accepted. */
  readonly #times = new Map<string, number>();
  /** When each content was accepted first. */
  readonly #firstAt = new Map<string, number>();
  /** When each content was last accepted in a wrapper. */
  readonly #sentBackAt = new Map<string, number>();
  /** How many accepted messages had the content of an earlier one. */
  duplicates = 0;

  accepted(queue: string, messageId: string, inner: string, wrapped: boolean, at: number): void {
    this.#byId.set(messageId, { queue, inner, wrapped });
    this.#inner.set(messageId, inner);
    this.#times.set(inner, this.timesAccepted(inner) + 1);
    if (!this.#acceptedAt.has(messageId)) this.#acceptedAt.set(messageId, at);
    if (!this.#firstAt.has(inner)) this.#firstAt.set(inner, at);
    if (wrapped) this.#sentBackAt.set(inner, at);
    const same = this.#byInner.get(inner);
    if (!same) this.#byInner.set(inner, new Set([messageId]));
    else {
      same.add(messageId);
      this.duplicates += 1;
    }
  }

  deleted(messageId: string): void {
    const message = this.#byId.get(messageId);
    this.#byId.delete(messageId);
    if (message) this.#byInner.get(message.inner)?.delete(messageId);
  }

  /** The content of a message, even after its deletion. */
  innerOf(messageId: string): string | undefined {
    return this.#inner.get(messageId);
  }

  timesAccepted(inner: string): number {
    return this.#times.get(inner) ?? 0;
  }

  isLeft(messageId: string): boolean {
    return this.#byId.has(messageId);
  }

  acceptedAt(messageId: string): number {
    return this.#acceptedAt.get(messageId) ?? 0;
  }

  firstAt(inner: string): number {
    return this.#firstAt.get(inner) ?? 0;
  }

  /** Whether a queue holds another message with the same content. */
  hasCopy(inner: string, messageId: string, wrappedOnly: boolean): boolean {
    for (const id of this.#byInner.get(inner) ?? [])
      if (id !== messageId && (!wrappedOnly || this.#byId.get(id)?.wrapped === true)) return true;
    return false;
  }

  /** How many messages of this content are left. */
  count(inner: string): number {
    return this.#byInner.get(inner)?.size ?? 0;
  }

  isSentBack(inner: string, since: number): boolean {
    return (this.#sentBackAt.get(inner) ?? -1) > since;
  }
}
