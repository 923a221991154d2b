import { Duration, Token } from 'aws-cdk-lib/core';
import { ContractError } from '../contract/errors.ts';
import { isKebabName } from '../contract/name.ts';
import { STEPS } from '../contract/steps.ts';
import { systemContract } from '../contract/system.ts';
import type { OrchestratorProps } from './orchestrator-props.ts';

export const DEFAULT_TIMEOUT = Duration.seconds(20);
export const DEFAULT_VISIBILITY = Duration.seconds(120);
/** The longest delay of an SQS message. */
export const TICK_THRESHOLD_MAX = Duration.minutes(15);
export const DEFAULT_CONCURRENCY = 50;
export const DEFAULT_HOT_LANE_CONCURRENCY = 20;
/** The range of `MaximumConcurrency` of an event source mapping. */
const CONCURRENCY_MIN = 2;
const CONCURRENCY_MAX = 1000;
const RETENTION_MIN = Duration.days(30);
const TABLE_NAME_LENGTH_MIN = 3;

/** Throws if a value is out of range or two props contradict each other, so that synth fails and not the deployment. */
export function checkProps(props: OrchestratorProps): void {
  const { retention, tickThreshold, timeout = DEFAULT_TIMEOUT, visibilityTimeout = DEFAULT_VISIBILITY, queues = {}, system } = props;
  if (props.name !== undefined && !isKebabName(props.name))
    throw invalid('name', `${JSON.stringify(props.name)}: expected kebab-case of at most 50 characters`);
  const name = props.name ?? system.name;
  if (name.length < TABLE_NAME_LENGTH_MIN && !props.table)
    throw invalid('name', `${JSON.stringify(name)}: expected ${TABLE_NAME_LENGTH_MIN} characters or more, because the table has this name`);
  if (retention && retention.toSeconds() < RETENTION_MIN.toSeconds())
    throw invalid('retention', `${retention.toHumanString()}: expected 30 days or more, or none`);
  if (tickThreshold && tickThreshold.toSeconds() > TICK_THRESHOLD_MAX.toSeconds())
    throw invalid('tickThreshold', `${tickThreshold.toHumanString()}: expected 15 minutes or less`);
  if (visibilityTimeout.toSeconds() < 6 * timeout.toSeconds())
    throw invalid(
      'visibilityTimeout',
      `${visibilityTimeout.toHumanString()}: expected at least six times the timeout of ${timeout.toHumanString()}`,
    );
  if (props.startsPerMinute !== undefined && !(Number.isInteger(props.startsPerMinute) && props.startsPerMinute >= 1))
    throw invalid('startsPerMinute', `${props.startsPerMinute}: expected a whole number of 1 or more, or none`);
  checkConcurrency(props);
  checkOtlp(props.otlp);
  checkMetrics(props);
  const known = new Map(systemContract(system).services);
  // The orchestrator makes the queue of steps, since only its own system has them.
  known.delete(STEPS);
  const unknown = Object.keys(queues).find((service) => !known.has(service));
  if (unknown !== undefined)
    throw invalid('queues', `a queue of ${unknown}: expected services of ${system.name} (${[...known.keys()].join(', ')})`);
}

function checkOtlp({ endpoint, sample }: NonNullable<OrchestratorProps['otlp']> = {}): void {
  if (endpoint !== undefined && !Token.isUnresolved(endpoint) && !(/^https?:/.test(endpoint) && URL.canParse(endpoint)))
    throw invalid('otlp', `the endpoint ${JSON.stringify(endpoint)}: expected an http or https address`);
  if (sample !== undefined && !(sample >= 0 && sample <= 1)) throw invalid('otlp', `the sample ${sample}: expected a number from 0 to 1`);
}

function checkMetrics({ metrics, system }: OrchestratorProps): void {
  if (metrics === undefined || metrics === true) return;
  const { processes, services } = systemContract(system);
  for (const [what, names, known] of [
    ['processes', metrics.processes ?? [], [...processes.keys()]],
    ['services', metrics.services ?? [], [...services.keys()]],
  ] as const) {
    const unknown = names.find((each) => !known.includes(each));
    if (unknown !== undefined) throw invalid('metrics', `the ${what} ${unknown}: expected ${what} of ${system.name} (${known.join(', ')})`);
  }
}

function checkConcurrency(props: OrchestratorProps): void {
  const { maxConcurrency = DEFAULT_CONCURRENCY, hotLaneConcurrency = DEFAULT_HOT_LANE_CONCURRENCY, reservedConcurrency } = props;
  for (const [prop, value] of Object.entries({ maxConcurrency, hotLaneConcurrency }))
    if (!Number.isInteger(value) || value < CONCURRENCY_MIN || value > CONCURRENCY_MAX)
      throw invalid(prop, `${value}: expected a whole number of ${CONCURRENCY_MIN} to ${CONCURRENCY_MAX}`);
  // maxConcurrency holds for the inbox and for the queue of starts.
  const required = 2 * maxConcurrency + hotLaneConcurrency;
  // SQS counts a delivery that Lambda throttles, so a function without free copies turns healthy messages into dead letters.
  if (reservedConcurrency !== undefined && reservedConcurrency < required)
    throw invalid(
      'reservedConcurrency',
      `${reservedConcurrency}: expected ${required} or more, the sum of the concurrency of the queues of advance-processes`,
    );
}

function invalid(prop: string, text: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `${prop} of the orchestrator is ${text}.`, { remedy: `Correct ${prop}, or leave it out.` });
}
