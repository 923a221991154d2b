import { commandIdOf, type BegunBy, type PendingSend, type Image } from '../../../lib/core/image.ts';
import { identityOf } from '../../../lib/core/identity.ts';
import { sha256 } from '../../../lib/format/inbox-message.ts';

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
    return [...fired]
      .filter(([key, fire]) => !fire.sent && !this.#fires.has(key) && !isOver(key, fire.kind) && !hasBegun(fire))
      .map(([, { what }]) => what);
  }

  #follow(fire: PendingSend, before: ReadonlyMap<string, FireSending>, run: string): void {
    const { kind, n, at, cause, messageId } = fire;
    const answers = fire.answers?.commandId;
    const begins = begunBy(fire);
    const key = `${run}/${kind}/${n}/${at}/${cause}/${messageId}/${answers}`;
    const known = before.get(key);
    if (!known) this.decided += 1;
    const what =
      kind === 'tick'
        ? `the tick of ${run} for ${at}`
        : kind === 'reply'
          ? `the reply of ${run} to ${answers}`
          : `${run}/${n} (${String(fire.event)})`;
    this.#fires.set(key, known ?? { what, kind, n, at, cause, messageId, answers, begins, sent: false });
  }

  commandSent(n: number, attempt: number): void {
    const sending = this.#commands.get(n);
    if (sending?.attempt === attempt) sending.sent = true;
  }

  tickSent(at: number): void {
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

  /** The sends that this carrier still has to make. */
  unsent(carries: (by: { readonly cause: string; readonly messageId: string }) => boolean): readonly string[] {
    return [...this.#commands.values(), ...this.#fires.values()].filter((each) => !each.sent && carries(each)).map(({ what }) => what);
  }

  hasUnsentTick(at: number): boolean {
    return [...this.#fires.values()].some((fire) => fire.kind === 'tick' && fire.at === at && !fire.sent);
  }
}
