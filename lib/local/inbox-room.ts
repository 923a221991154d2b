import { ClientError } from '../contract/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { MemoryMessageQueue } from '../adapters/memory/message-queue.ts';

/** A longer inbox is full for clients. All of it lies in memory. */
const MESSAGES_MAX = 10_000;
const CHARACTERS_MAX = 64_000_000;
const LOOK_MS = 5;
/** An inbox of which nothing was received for so long stands still, and clients are refused. */
const STILL_MS = 30_000;

export interface InboxRoomOptions {
  readonly inbox: MemoryMessageQueue;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  /** The end of the system. */
  readonly signal: AbortSignal;
  /** @default 10,000 */
  readonly messagesMax?: number;
  /** @default 64 million */
  readonly charactersMax?: number;
}

/**
 * Room in the inbox for the messages of clients. A client that sends faster than the engine decides waits for its turn, so that the inbox
 * does not grow without limit. Services, timers and the engine itself never wait: what they send makes the inbox shorter later.
 */
export class InboxRoom {
  readonly #options: InboxRoomOptions;
  readonly #messagesMax: number;
  readonly #charactersMax: number;
  #last: Promise<void> | undefined;

  constructor(options: InboxRoomOptions) {
    this.#options = options;
    this.#messagesMax = options.messagesMax ?? MESSAGES_MAX;
    this.#charactersMax = options.charactersMax ?? CHARACTERS_MAX;
  }

  /**
   * Undefined while there is room; else resolves in the order of the calls, each when there is room again.
   * @throws ClientError `UNREACHABLE` if the engine receives nothing for half a minute, or the system stops
   */
  entered(): Promise<void> | undefined {
    if (this.#last === undefined && this.#hasRoom()) return undefined;
    const mine: Promise<void> = (this.#last ?? Promise.resolve()).catch(() => undefined).then(() => this.#room());
    this.#last = mine;
    const ended = (): void => {
      if (this.#last === mine) this.#last = undefined;
    };
    mine.then(ended, ended);
    return mine;
  }

  #hasRoom(): boolean {
    const { inbox } = this.#options;
    return inbox.ready < this.#messagesMax && inbox.readyCharacters < this.#charactersMax;
  }

  async #room(): Promise<void> {
    const { inbox, clock, signal } = this.#options;
    let { received } = inbox;
    let since = clock.now();
    while (!this.#hasRoom()) {
      if (signal.aborted) throw new ClientError('UNREACHABLE', 'The system stops: its inbox takes no further message.');
      if (inbox.received !== received) [received, since] = [inbox.received, clock.now()];
      else if (clock.now() - since >= STILL_MS)
        throw new ClientError('UNREACHABLE', `The inbox has ${inbox.ready} messages, and the engine has received none for half a minute.`, {
          remedy: 'Look at the faults that onFault has received, and at the CPU of the process.',
        });
      await clock.sleep(LOOK_MS, signal);
    }
  }
}
