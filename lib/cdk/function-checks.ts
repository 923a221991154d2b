import { type Duration, Stack, Token } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { ContractError } from '../contract/errors.ts';
import type { IOrchestrator, IServiceQueue } from './orchestrator-interface.ts';

/** The largest batch without a batching window; with a window, Lambda delays messages to fill a batch. */
export const BATCH_SIZE_MAX = 10;
/** Maximum number of concurrent copies of a function that receives commands. */
export const SERVICE_CONCURRENCY = 20;

/** A service runs in the region of its orchestrator: PutEvents reaches no bus of another region, and Lambda polls no queue there. */
export function checkRegion(service: string, scope: Construct, orchestrator: IOrchestrator): void {
  const { region } = Stack.of(scope);
  if (region === orchestrator.region || Token.isUnresolved(region) || Token.isUnresolved(orchestrator.region)) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The service ${service} is in ${region}, and its orchestrator ${orchestrator.name} is in ${orchestrator.region}: expected the same region.`,
    { remedy: `Put the service into a stack of ${orchestrator.region}; its handlers can call other regions.` },
  );
}

/** A command that is still running must not become visible to another copy. */
export function checkTimeout(service: string, timeout: Duration, { visibilityTimeout }: IServiceQueue): void {
  if (visibilityTimeout === undefined || 6 * timeout.toSeconds() <= visibilityTimeout.toSeconds()) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The function of ${service} may run for ${timeout.toHumanString()}, and its queue hides a message for ${visibilityTimeout.toHumanString()}: expected at least six times the timeout.`,
    {
      remedy: `Set serviceVisibilityTimeout of the orchestrator, or visibilityTimeout of the ServiceQueue, to ${6 * timeout.toSeconds()} seconds.`,
    },
  );
}

/** `required`: the sum of maxConcurrency over the queues. */
export function checkReserved(service: string, required: number, reserved: number | undefined): void {
  if (reserved === undefined || reserved >= required) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The function of ${service} has a reservedConcurrency of ${reserved} and a maxConcurrency of ${required} over its queues: expected reservedConcurrency to be at least that.`,
    { remedy: 'Raise reservedConcurrency, or lower maxConcurrency: SQS counts a throttled delivery as a failed one.' },
  );
}

export function checkBatchSize(service: string, batchSize: number): void {
  if (Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= BATCH_SIZE_MAX) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The function of ${service} has a batchSize of ${batchSize}: expected 1 to ${BATCH_SIZE_MAX}.`,
    {
      remedy: 'Correct batchSize, or leave it out. To run more commands at once, raise maxConcurrency.',
    },
  );
}
