import type { Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { ContractError } from '../../contract/errors.ts';
import type { SystemContract } from '../../contract/runtime-contract.ts';
import type { LambdaFunction } from '../bundle/lambda-function.ts';
import { allow } from '../iam/statement.ts';
import type { ServiceQueue } from '../service-queue.ts';
import { checkEnvironmentSize } from './aws-limits.ts';

/** The props that all step runners of a deployment share. */
export interface SharedStepParts {
  /** The table of the instances. */
  readonly tableName: string;
  readonly entry: string;
  readonly system: string;
  readonly visibilityTimeout: Duration | undefined;
  readonly removalPolicy: RemovalPolicy;
  readonly encryptionKey?: IKey;
}

/** The queue to which the orchestrator sends the steps of each process; a process that is not here has the queue `steps`. */
export class StepRoutes {
  readonly #contract: SystemContract;
  readonly #shared: SharedStepParts;
  readonly #advance: LambdaFunction;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #queues = new Map<string, string>();

  constructor(contract: SystemContract, shared: SharedStepParts, advance: LambdaFunction, environment: Readonly<Record<string, string>>) {
    this.#contract = contract;
    this.#shared = shared;
    this.#advance = advance;
    this.#environment = environment;
  }

  /** Reserves the processes for a queue. Throws a `ContractError` if one is not an async process of the system or is reserved already. */
  claim(processes: readonly string[], queue: string): SharedStepParts {
    if (processes.length === 0) throw invalid(queue, 'has no processes', this.#contract);
    if (this.#contract.services.has(queue)) throw invalid(queue, 'has the name of a service', this.#contract);
    for (const name of processes) {
      const kind = this.#contract.processes.get(name)?.[0]?.kind;
      const taken = this.#queues.get(name);
      if (kind === undefined)
        throw invalid(queue, `has the process ${name}, which is not in the system ${this.#contract.name}`, this.#contract);
      if (kind === 'decider') throw invalid(queue, `has ${name}, which is a decider and has no steps`, this.#contract);
      if (taken !== undefined) throw invalid(queue, `has the process ${name}, whose steps ${taken} runs already`, this.#contract);
    }
    for (const name of processes) this.#queues.set(name, queue);
    return this.#shared;
  }

  /** Lets the orchestrator send the steps of the claimed processes to their queue. The function is updated after the queue is made. */
  send({ queue }: ServiceQueue): void {
    const variable = { TUTTI_STEP_QUEUES: JSON.stringify(Object.fromEntries(this.#queues)) };
    const { function: fn, role } = this.#advance;
    checkEnvironmentSize(this.#advance, 'advance-processes', { ...this.#environment, ...variable });
    for (const [key, value] of Object.entries(variable)) fn.addEnvironment(key, value);
    role.addToPrincipalPolicy(allow(['sqs:SendMessage'], [queue.queueArn]));
  }
}

function invalid(queue: string, text: string, { processes }: SystemContract): ContractError {
  return new ContractError('CONTRACT_INVALID', `The StepFunction of ${queue} ${text}.`, {
    remedy: `Give it async processes of the system that no other StepFunction has: ${[...processes.keys()].join(', ')}.`,
  });
}
