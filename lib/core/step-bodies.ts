import { ProcessBug } from '../contract/errors.ts';
import { stepText } from '../contract/steps.ts';

/** The functions that user code passes to `ctx.run`; the kernel never calls them. */
export interface StepFunctions {
  readonly body: unknown;
  readonly undo: unknown;
}

/**
 * Collects the functions of the steps during a replay by the step runner. The engine has none, so it keeps no function.
 *
 * B1 A function belongs to the path of its step, so a replay finds the one that the live code passed.
 * B2 After the replay, the runner calls one of them. From then on the `ctx` of this run refuses everything: the function runs outside the
 *    process, perhaps several times, and its decisions would be lost.
 * B3 A function that awaits a captured step which has no outcome yet would wait forever, because no step of this run settles any more. It
 *    gets an error in place of the outcome, also if it awaits a promise that Promise.all, allSettled, any or race has made of such a step. A
 *    promise of an async function that awaits it looks like any other.
 */
export class StepBodies {
  readonly #byPath = new Map<string, StepFunctions>();
  #lent = '';

  add(path: string, functions: StepFunctions): void {
    this.#byPath.set(path, functions);
  }

  at(path: string): StepFunctions | undefined {
    return this.#byPath.get(path);
  }

  /** The replay has ended, and the functions of this step are about to run. */
  lend(path: string): void {
    this.#lent = path;
  }

  /** The error of a running step that awaits another step of the process. */
  awaited(path: string): ProcessBug {
    return new ProcessBug(
      'WRONG_SCOPE',
      `The step ${stepText(this.#lent)} awaits the step ${stepText(path)}, which had no outcome yet when the process called ctx.run.`,
      { remedy: `Await ${stepText(path)} in the process before ctx.run, and use its value in the body.` },
    );
  }

  /** Refuses a use of `ctx` inside a running step. */
  refuse(used: string, instead = ''): void {
    if (this.#lent === '') return;
    throw new ProcessBug(
      'WRONG_SCOPE',
      `${used} was used inside the step ${stepText(this.#lent)}, which runs outside the process${instead}.`,
      { remedy: 'Use ctx before or after ctx.run, and return from its body what the process needs.' },
    );
  }
}
