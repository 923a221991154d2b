import type { ReplyEnvelope } from '../../../lib/contract/wire/envelope.ts';
import type { CommandRecord } from '../../../lib/ports/idempotency-store.ts';
import type { Report } from './violations.ts';

/** An accepted answer by token, with the record that its caller saw. */
export interface TakenAnswer {
  readonly commandId: string;
  /** The last state of the record that the caller saw or wrote. */
  readonly state: CommandRecord['state'];
  readonly outcome: 'completed' | 'failed';
}

/** I5 on the wire: a service gives a command one definite answer, and an accepted answer by token is that answer. */
export class DefiniteAnswers {
  /** Answers by command id and command hash, because a forged reply has another hash. */
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

  /** The answer of a caller was accepted. */
  taken({ commandId, state, outcome }: TakenAnswer, report: Report): void {
    this.#taken.set(commandId, outcome);
    if ((state === 'DONE' || state === 'FAILED') && !this.#byCommand.has(commandId))
      report('I14', `an answer to ${commandId} was accepted, and never published`);
  }

  /** The answer of a caller was refused as too late. */
  refused(commandId: string, state: CommandRecord['state'], report: Report): void {
    if (state === 'RUN' || state === 'DEFERRED')
      report('I6', `an answer to ${commandId} was refused as too late, but its record is ${state}`);
  }

  /**
   * `clocksJumped`: one worker may then take a lease for expired that another takes for valid, so a command of class once may stay
   * unanswered.
   */
  atEnd(clocksJumped: boolean, report: Report): void {
    for (const [commandId, answer] of this.#taken) {
      const outcome = this.#byCommand.get(commandId);
      if (outcome === undefined && clocksJumped) continue;
      if (outcome?.split(' ')[0] !== answer)
        report(
          'I5',
          `an answer to ${commandId}, ${answer}, was accepted, but the published answer is ${outcome === undefined ? 'none' : short(outcome)}`,
        );
    }
  }
}

const isForged = (hash: string): boolean => /^(sha256:)?0+$/.test(hash);
const short = (answer: string): string => answer.slice(0, 120);
