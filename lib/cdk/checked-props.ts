import { Duration } from 'aws-cdk-lib/core';
import { ContractError } from '../contract/errors.ts';
import { isKebabName } from '../contract/name.ts';
import { systemContract } from '../contract/system.ts';
import type { OrchestratorProps } from './orchestrator-props.ts';

export const DEFAULT_TIMEOUT = Duration.seconds(20);
export const DEFAULT_VISIBILITY = Duration.seconds(120);
/** SQS delays a message by this much at the most. */
export const TICK_THRESHOLD_MAX = Duration.minutes(15);
export const DEFAULT_CONCURRENCY = 50;
export const DEFAULT_HOT_LANE_CONCURRENCY = 20;
/** What an event source mapping takes as its maximum of copies. */
const CONCURRENCY_MIN = 2;
const CONCURRENCY_MAX = 1000;
const RETENTION_MIN = Duration.days(30);
const TABLE_NAME_LENGTH_MIN = 3;

/** Throws where props cannot work together, before CloudFormation is asked. */
export function checkProps(props: OrchestratorProps): void {
  const { retention, tickThreshold, timeout = DEFAULT_TIMEOUT, visibilityTimeout = DEFAULT_VISIBILITY, queues = {}, system } = props;
  if (props.name !== undefined && !isKebabName(props.name))
    throw invalid('name', `${JSON.stringify(props.name)}: expected kebab-case of at most 50 characters`);
  const name = props.name ?? system.name;
  if (name.length < TABLE_NAME_LENGTH_MIN && !props.table)
    throw invalid('name', `${JSON.stringify(name)}: expected ${TABLE_NAME_LENGTH_MIN} characters or more, as the name of its table`);
  if (retention && retention.toSeconds() < RETENTION_MIN.toSeconds())
    throw invalid('retention', `${retention.toHumanString()}: expected 30 days or more, or none`);
  if (tickThreshold && tickThreshold.toSeconds() > TICK_THRESHOLD_MAX.toSeconds())
    throw invalid('tickThreshold', `${tickThreshold.toHumanString()}: expected 15 minutes or less`);
  if (visibilityTimeout.toSeconds() < 6 * timeout.toSeconds())
    throw invalid(
      'visibilityTimeout',
      `${visibilityTimeout.toHumanString()}: expected six times the time-out of ${timeout.toHumanString()}`,
    );
  checkConcurrency(props);
  const known = systemContract(system).services;
  const unknown = Object.keys(queues).find((service) => !known.has(service));
  if (unknown !== undefined)
    throw invalid('queues', `a queue of ${unknown}: expected services of ${system.name} (${[...known.keys()].join(', ')})`);
}

function checkConcurrency(props: OrchestratorProps): void {
  const { maxConcurrency = DEFAULT_CONCURRENCY, hotLaneConcurrency = DEFAULT_HOT_LANE_CONCURRENCY, reservedConcurrency } = props;
  for (const [prop, value] of Object.entries({ maxConcurrency, hotLaneConcurrency }))
    if (!Number.isInteger(value) || value < CONCURRENCY_MIN || value > CONCURRENCY_MAX)
      throw invalid(prop, `${value}: expected a whole number of ${CONCURRENCY_MIN} to ${CONCURRENCY_MAX}`);
  // The inbox and the starts.
  const asked = 2 * maxConcurrency + hotLaneConcurrency;
  // A queue whose function gets no copy counts the delivery all the same, until the message is a dead letter.
  if (reservedConcurrency !== undefined && reservedConcurrency < asked)
    throw invalid(
      'reservedConcurrency',
      `${reservedConcurrency}: expected ${asked} or more, which is what the queues of advance-processes may ask for`,
    );
}

function invalid(prop: string, text: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `${prop} of the orchestrator is ${text}.`, { remedy: `Correct ${prop}, or leave it out.` });
}
