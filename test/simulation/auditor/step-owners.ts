import { FORK } from '../../../lib/core/forking.ts';
import type { Decided, RecordedFact } from '../../../lib/core/journal-entry.ts';
import type { RunPicture } from './instance-picture.ts';
import type { Report } from './violations.ts';

/** The steps that forks have adopted, and those that were undone: one instance owns a step. */
export class StepOwners {
  readonly #adopted = new Map<string, string>();
  readonly #undone = new Map<string, string>();

  /** I10: a fork never stands on a step that another instance has undone. */
  adopts(pid: string, commandId: string, report: Report): void {
    const by = this.#undone.get(commandId);
    if (by !== undefined) report('I10', `${pid} has adopted ${commandId}, which ${by} has undone`);
    this.#adopted.set(commandId, pid);
  }

  /** I10: only the instance that owns a step undoes it. */
  undoes(pid: string, commandId: string, report: Report): void {
    const owner = this.#adopted.get(commandId) ?? pid;
    if (owner !== pid) report('I10', `${pid} undoes ${commandId}, which ${owner} has adopted`);
    this.#undone.set(commandId, pid);
  }
}

/** The requests for forks that an engine has refused wrongly. */
export class ForkRequests {
  readonly #askedAt = new Map<string, number>();
  /** When an original learned that the id of its fork is taken, by its pid and the pid of the fork. */
  readonly #takenAt = new Map<string, number>();

  asked(opid: string, at: number): void {
    if (!this.#askedAt.has(opid)) this.#askedAt.set(opid, at);
  }

  /** The original has journaled the reply of its fork. */
  replied(pid: string, { entries }: RunPicture, { n, outcome }: Extract<RecordedFact, { type: 'CommandAnswered' }>, at: number): void {
    const command = entries.find(
      (entry): entry is Extract<Decided, { type: 'CommandIssued' }> => entry.type === 'CommandIssued' && entry.n === n,
    );
    if (command?.command === FORK && outcome === 'failed') this.#takenAt.set(`${pid} ${command.owner}`, at);
  }

  /** I6: a fork that has not begun holds no step. */
  refused(pid: string, opid: string, detail: string, report: Report): void {
    const process = pid.slice(0, pid.lastIndexOf('#') + 1);
    for (const [, to] of detail.matchAll(/belongs to the fork (\S+):/g))
      if ((this.#takenAt.get(`${pid} ${process}${to}`) ?? Infinity) < (this.#askedAt.get(opid) ?? -1))
        report('I6', `${opid} was refused because of the fork ${to} of ${pid}, which has never begun`);
  }
}
