import { EnvironmentError, textVariable, type Environment } from '../../adapters/aws/environment.ts';
import { keyPrefixOf } from '../store.ts';

/** The resources of one system that sends commands to the service. */
export interface ServedSystem {
  /** Name of the deployment; undefined for the first system, whose variables do not name it. */
  readonly name: string | undefined;
  readonly queueUrl: string;
  readonly deadLetterUrl: string;
  readonly bus: string;
  readonly bucket: string;
  readonly bucketOwner: string;
  /** Prefix of the record keys; empty for the first system. */
  readonly keyPrefix: string;
}

/** The members of a system in `TUTTI_SYSTEMS`. */
const MEMBERS = ['queue', 'deadLetter', 'bus', 'bucket', 'owner'] as const;
const EXPECTED = `an object of objects with the texts ${MEMBERS.join(', ')}, by the name of the system`;

/** The systems beside the first, from `TUTTI_SYSTEMS`. Throws `EnvironmentError` if the variable is malformed. */
export function furtherSystems(environment: Environment): readonly ServedSystem[] {
  const text = environment['TUTTI_SYSTEMS'];
  if (text === undefined || text === '') return [];
  const systems = parsedSystems(text);
  if (systems === undefined) throw new EnvironmentError('TUTTI_SYSTEMS', text, EXPECTED);
  return Object.entries(systems).map(([name, { queue, deadLetter, bus, bucket, owner }]) => ({
    name,
    queueUrl: queue,
    deadLetterUrl: deadLetter,
    bus,
    bucket,
    bucketOwner: owner,
    keyPrefix: keyPrefixOf(name),
  }));
}

/** The system whose commands are in this queue: one of `TUTTI_SYSTEMS`, else that of the other variables. */
export function systemOf(queueUrl: string, environment: Environment): ServedSystem {
  const further = furtherSystems(environment).find((each) => each.queueUrl === queueUrl);
  if (further !== undefined) return further;
  return {
    name: undefined,
    queueUrl,
    deadLetterUrl: textVariable(environment, 'TUTTI_DEAD_LETTER_URL', "the URL of the service's dead-letter queue"),
    bus: textVariable(environment, 'TUTTI_BUS', "the name of the orchestrator's bus"),
    bucket: textVariable(environment, 'TUTTI_BUCKET', "the name of the orchestrator's payload bucket"),
    bucketOwner: textVariable(environment, 'TUTTI_BUCKET_OWNER', 'the account of the payload bucket'),
    keyPrefix: '',
  };
}

/** Account and name of a queue, which its URL and its ARN have in common. */
export function queueIdOf(urlOrArn: string): string {
  return urlOrArn
    .split(urlOrArn.startsWith('arn:') ? ':' : '/')
    .slice(-2)
    .join('/');
}

type Systems = Readonly<Record<string, Readonly<Record<(typeof MEMBERS)[number], string>>>>;

function parsedSystems(text: string): Systems | undefined {
  try {
    const systems = JSON.parse(text) as unknown;
    const complete = isObject(systems) && Object.values(systems).every(isSystem);
    return complete ? (systems as Systems) : undefined;
  } catch {
    return undefined;
  }
}

function isSystem(value: unknown): boolean {
  return isObject(value) && MEMBERS.every((member) => typeof value[member] === 'string' && value[member] !== '');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
