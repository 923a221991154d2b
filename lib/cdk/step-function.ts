import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { ContractError } from '../contract/errors.ts';
import { isKebabName } from '../contract/name.ts';
import type { AnyProcess } from '../contract/process-contract.ts';
import { STEPS } from '../contract/steps.ts';
import type { Orchestrator } from './orchestrator.ts';
import { StepRunner, type StepSettings } from './step-runner.ts';

export interface StepFunctionProps extends StepSettings {
  /** The orchestrator of this stack. */
  readonly orchestrator: Orchestrator;
  /** The processes whose steps this function runs. Each belongs to one `StepFunction` at most. */
  readonly processes: readonly AnyProcess[];
  /** Kebab-case; the queue is `<deployment>-steps-<name>`. @default the id of the construct in kebab-case */
  readonly name?: string;
}

/**
 * A function, a queue and a role of its own for the steps of some processes, so that their rights and their load are apart from those of
 * other processes. Synth throws a `ContractError` if a process is not of the system, or belongs to another `StepFunction`.
 * @example new StepFunction(stack, 'Payments', { orchestrator, processes: [pay] });
 */
export class StepFunction extends StepRunner {
  constructor(scope: Construct, id: string, { orchestrator, processes, name = kebabOf(id), ...settings }: StepFunctionProps) {
    if (!isKebabName(name)) throw invalid(id, `has the name ${JSON.stringify(name)}: expected kebab-case of at most 50 characters`);
    if (Stack.of(scope) !== Stack.of(orchestrator))
      throw invalid(id, `is not in the stack of its orchestrator ${orchestrator.name}: expected the same stack`);
    const names = [...new Set(processes.map((each) => each.name))];
    const queue = `${STEPS}-${name}`;
    const shared = orchestrator.stepRoutes.claim(names, queue);
    super(scope, id, {
      ...settings,
      ...shared,
      commandTable: orchestrator.steps.queue.commandTable,
      orchestrator,
      name: queue,
      processes: names,
    });
    orchestrator.stepRoutes.send(this.queue);
  }
}

/** `PaymentSteps` becomes `payment-steps`. */
function kebabOf(id: string): string {
  return id.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}

function invalid(id: string, text: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `The StepFunction ${id} ${text}.`, { remedy: 'Correct the props of the StepFunction.' });
}
