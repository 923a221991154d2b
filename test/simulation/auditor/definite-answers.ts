import type { ReplyEnvelope } from '../../../lib/contract/wire/envelope.ts';
import type { CommandRecord } from '../../../lib/ports/idempotency-store.ts';
import type { Report } from './violations.ts';

/** What one caller has found recorded, and was told. */
export interface TakenAnswer {
  readonly commandId: string;
  /** The last state of the record that the caller saw or wrote. */
  readonly state: CommandRecord['state'];
  readonly outcome: 'completed' | 'failed';
}

/** I5 on the wire: a service gives a command one definite answer, and what somebody was told to be taken is that one. */
export class DefiniteAnswers {
  /** By command and what it was asked, since nobody can forge that: the answers. */
  readonly #answers = new Map<string, string>();
  readonly #byCommand = new Map<string, string>();
  readonly #taken = new Map<string, string>();

  published(detail: Partial<ReplyEnvelope>, report: Report): void {
    const { commandid, commandhash, outcome, data, datahash } = detail;
    if (commandid === undefined || commandhash === undefined) return;
    if (outcome !== 'completed' && outcome !== 'failed' && outcome !== 'cancelled') return;
    const key = `${commandid} ${commandhash}`;
    const answer = `${outcome} ${JSON.stringify(data ?? null)} ${datahash ?? ''}`;
    const before = this.#answers.get(key);
    this.#answers.set(key, before ?? answer);
    if (!isForged(commandhash)) this.#byCommand.set(commandid, before ?? answer);
    if (before !== undefined && before !== answer) report('I5', `${commandid} was answered ${short(before)}, and then ${short(answer)}`);
  }

  /** A caller was told that its answer counts. */
  taken({ commandId, state, outcome }: TakenAnswer, report: Report): void {
    this.#taken.set(commandId, outcome);
    if ((state === 'DONE' || state === 'FAILED') && !this.#byCommand.has(commandId))
      report('I14', `whoever answered ${commandId} was told yes, and the answer was never published`);
  }

  /** A caller was told that it comes too late. */
  refused(commandId: string, state: CommandRecord['state'], report: Report): void {
    if (state === 'RUN' || state === 'DEFERRED') report('I6', `an answer to ${commandId} was refused as too late, and it is ${state}`);
  }

  /** `clocksJumped`: then one worker may hold a lease for lapsed that another holds for valid, and of class once nobody says the answer. */
  atEnd(clocksJumped: boolean, report: Report): void {
    for (const [commandId, answer] of this.#taken) {
      const outcome = this.#byCommand.get(commandId);
      if (outcome === undefined && clocksJumped) continue;
      if (outcome?.split(' ')[0] !== answer)
        report(
          'I5',
          `an answer to ${commandId}, ${answer}, was taken, and it was answered ${outcome === undefined ? 'never' : short(outcome)}`,
        );
    }
  }
}

const isForged = (hash: string): boolean => /^(sha256:)?0+$/.test(hash);
const short = (answer: string): string => answer.slice(0, 120);
