import type { Json } from '../contract/schema.ts';
import { stepNameOf, stepText, type Deferred, type StepTask } from '../contract/steps.ts';
import type { FoundStep } from '../steps/find-step.ts';

/** Functions of a test in place of those of a step. */
export interface StepScript<T extends Json | void> {
  readonly body: (task: StepTask) => Promise<T | Deferred>;
  /** @default the undo of the process */
  readonly undo?: (output: T, task: StepTask) => Promise<unknown>;
}

/** The steps that a test has scripted with `world.runs`, by name or by path. They stay through crashes and deploys. */
export class StepScripts {
  readonly #scripts = new Map<string, Partial<FoundStep>>();

  set(step: string, script: StepScript<never>): void {
    this.#scripts.set(step, script as Partial<FoundStep>);
  }

  /** The script of the step at this path. A path counts before a name. */
  at(path: string): Partial<FoundStep> | undefined {
    return this.#scripts.get(stepText(path)) ?? this.#scripts.get(stepNameOf(path));
  }
}
