import { Duration } from 'aws-cdk-lib/core';
import { ContractError } from '../contract/errors.ts';
import { isKebabName } from '../contract/name.ts';
import { systemContract } from '../contract/system.ts';
import type { OrchestratorProps } from './orchestrator-props.ts';

export const DEFAULT_TIMEOUT = Duration.seconds(20);
export const DEFAULT_VISIBILITY = Duration.seconds(120);
/** SQS delays a message by this much at the most. */
export const TICK_THRESHOLD_MAX = Duration.minutes(15);
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
  const known = systemContract(system).services;
  const unknown = Object.keys(queues).find((service) => !known.has(service));
  if (unknown !== undefined)
    throw invalid('queues', `a queue of ${unknown}: expected services of ${system.name} (${[...known.keys()].join(', ')})`);
}

function invalid(prop: string, text: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `${prop} of the orchestrator is ${text}.`, { remedy: `Correct ${prop}, or leave it out.` });
}
