import { commandIdOf, type BegunBy, type PendingSend, type Image } from '../../../lib/core/image.ts';
import { identityOf } from '../../../lib/core/identity.ts';
import { sha256 } from '../../../lib/format/inbox-message.ts';
import { copyName } from './key-names.ts';

interface Sending {
  readonly what: string;
  readonly cause: string;
  readonly messageId: string;
  sent: boolean;
}

interface CommandSending extends Sending {
  readonly attempt: number;
}

interface FireSending extends Sending {
  readonly kind: PendingSend['kind'];
  readonly n: number;
  readonly at: number;
  /** Of a reply: the engine command that it answers. */
  readonly answers: string | undefined;
  /** Of a start that has waited: the run that it begins. */
  readonly begins: string | undefined;
  /** Of a key or of a subscriber: the copies, or the ends of subscriptions, that are not sent yet. */
  readonly left: Set<string>;
}

/** The run that a waiting start begins. Its data may be stored apart: then it is any run. */
const begunBy = ({ begins, data }: PendingSend): string | undefined => {
  if (begins === undefined) return undefined;
  const { event, id } = (data ?? {}) as unknown as Partial<BegunBy>;
  return identityOf(sha256, { pid: begins, event: String(event), id: String(id) });
};

/** The pending sends of one head, and whether a queue or the bus has accepted each of them since it was decided. */
export class Outbox {
  #commands = new Map<number, CommandSending>();
  #fires = new Map<string, FireSending>();
  /** The instants of ticks that a queue has accepted. A head that waits for one of them again needs no second tick. */
  readonly #ticksSent = new Set<number>();
  /** How many sends were ever decided. */
  decided = 0;

  /** A head was committed. Returns the earlier pending sends that it dropped unsent. */
  follow({
    pid,
    run,
    commands,
    pendingSends: fires,
    chain,
  }: Pick<Image, 'pid' | 'run' | 'commands' | 'pendingSends' | 'chain'>): readonly string[] {
    const before = this.#commands;
    this.#commands = new Map();
    for (const command of commands.values()) {
      const { n, attempt, cause, messageId } = command;
      const known = before.get(n);
      const same = known?.attempt === attempt && known.cause === cause && known.messageId === messageId;
      if (!same) this.decided += 1;
      const what = `${commandIdOf({ pid, run }, command)} (${command.command}, attempt ${attempt})`;
      this.#commands.set(n, same && known.what === what ? known : { what, attempt, cause, messageId, sent: false });
    }
    const fired = this.#fires;
    this.#fires = new Map();
    for (const fire of fires) this.#follow(fire, fired, `${pid}/${fire.run ?? run}`);
    // A run that has continued as new needs its ticks no more.
    const isOver = (key: string, kind: FireSending['kind']): boolean =>
      chain !== undefined && kind === 'tick' && !key.startsWith(`${pid}/${run}/`);
    // The start that was to begin the next run has begun it, by another copy of its message.
    const hasBegun = ({ kind, begins }: FireSending): boolean => kind === 'begin' && begins === run;
    const isNeedless = (key: string, fire: FireSending): boolean =>
      isOver(key, fire.kind) || hasBegun(fire) || (fire.kind === 'tick' && this.#ticksSent.has(fire.at));
    return [...fired].filter(([key, fire]) => !fire.sent && !this.#fires.has(key) && !isNeedless(key, fire)).map(([, { what }]) => what);
  }

  #follow(fire: PendingSend, before: ReadonlyMap<string, FireSending>, run: string): void {
    const { kind, n, at, cause, messageId } = fire;
    const answers = fire.answers?.commandId;
    const begins = begunBy(fire);
    const left = messagesOf(fire, run);
    const key = `${run}/${kind}/${n}/${at}/${cause}/${messageId}/${answers}/${left.join()}`;
    const known = before.get(key);
    if (!known) this.decided += 1;
    const what =
      kind === 'tick'
        ? `the tick of ${run} for ${at}`
        : kind === 'reply'
          ? `the reply of ${run} to ${answers}`
          : `${run}/${n} (${left.join() || String(fire.event)})`;
    this.#fires.set(key, known ?? { what, kind, n, at, cause, messageId, answers, begins, left: new Set(left), sent: false });
  }

  commandSent(n: number, attempt: number): void {
    const sending = this.#commands.get(n);
    if (sending?.attempt === attempt) sending.sent = true;
  }

  tickSent(at: number): void {
    this.#ticksSent.add(at);
    for (const fire of this.#fires.values()) if (fire.kind === 'tick' && fire.at === at) fire.sent = true;
  }

  eventSent(run: string, n: number): void {
    for (const [key, fire] of this.#fires) if (fire.kind === 'event' && fire.n === n && key.includes(`/${run}/event/`)) fire.sent = true;
  }

  engineCommandSent(n: number): void {
    const sending = this.#commands.get(n);
    if (sending) sending.sent = true;
  }

  replySent(commandId: string): void {
    for (const fire of this.#fires.values()) if (fire.answers === commandId) fire.sent = true;
  }

  beginSent(run: string): void {
    for (const fire of this.#fires.values()) if (fire.begins === run) fire.sent = true;
  }

  /** A queue has accepted one copy of an event of this key. */
  copySent(copy: string): void {
    this.#partSent('forward', copy);
  }

  /** A queue has accepted the end of one subscription of this instance. */
  endSent(subscription: string): void {
    this.#partSent('unsubscribe', subscription);
  }

  #partSent(kind: FireSending['kind'], part: string): void {
    for (const fire of this.#fires.values()) if (fire.kind === kind && fire.left.delete(part) && fire.left.size === 0) fire.sent = true;
  }

  /** The sends that this carrier still has to make. */
  unsent(carries: (by: { readonly cause: string; readonly messageId: string }) => boolean): readonly string[] {
    return [...this.#commands.values(), ...this.#fires.values()].filter((each) => !each.sent && carries(each)).map(({ what }) => what);
  }

  hasUnsentTick(at: number): boolean {
    return [...this.#fires.values()].some((fire) => fire.kind === 'tick' && fire.at === at && !fire.sent);
  }
}

/** The messages of one pending send of a key, or to keys. */
const messagesOf = ({ forwarded, left, event: type = '' }: PendingSend, run: string): string[] => {
  const pid = run.slice(0, run.lastIndexOf('/'));
  if (left) return left.map((each) => `${pid}/${each.run}/${each.n}`);
  const { to = [], round, id = '' } = forwarded ?? {};
  return to.map((subscription) => copyName({ subscription, event: { type, id }, ...(round !== undefined && { round }) }));
};
