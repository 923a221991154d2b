import { createHash } from 'node:crypto';
import { CfnResource, Stack, Token } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { ContractError } from '../../contract/errors.ts';

/** "CloudFormation quotas". */
const RESOURCES_MAX = 500;
/** "Lambda quotas": the sum over all environment variables of a function. */
const ENVIRONMENT_BYTES_MAX = 4096;
/** "EventBridge quotas": rules per bus. AWS raises it on request; two regions start lower. */
const RULES_MAX = 300;
const RULES_MAX_OF_REGION: Readonly<Record<string, number>> = { 'af-south-1': 100, 'eu-south-1': 100 };
const HASH_LENGTH = 8;
/** Assumed length of an ARN, URL or name that is unknown at synth: 46 characters and the name of a queue. */
const REFERENCE_LENGTH = 128;
const PSEUDO_PARAMETER_LENGTH = 20;

/** `text`; if it is longer than `lengthMax`, its beginning and a hash of the whole, so that long names stay distinct. */
export function boundedName(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
  return `${text.slice(0, lengthMax - HASH_LENGTH - 1)}-${hash}`;
}

/** Throws if a name exceeds the limit of AWS. For names that clients and other stacks derive too, so that none may be shortened here. */
export function checkedName(kind: string, name: string, lengthMax: number, remedy: string): string {
  if (name.length <= lengthMax) return name;
  throw new ContractError('CONTRACT_INVALID', `The name of the ${kind}, ${name}, has ${name.length} characters: AWS allows ${lengthMax}.`, {
    remedy,
  });
}

/** Fails synth if the stack has too many resources. The count is known only when all constructs exist, so this is a validation. */
export function checkResourceCount(scope: Construct): void {
  scope.node.addValidation({
    validate: () => {
      const count = Stack.of(scope)
        .node.findAll()
        .filter((each) => CfnResource.isCfnResource(each)).length;
      if (count <= RESOURCES_MAX) return [];
      return [
        `The stack ${Stack.of(scope).stackName} has ${count} resources: CloudFormation allows ${RESOURCES_MAX}. ` +
          'Move each ServiceFunction into a stack of its service (Orchestrator.fromName), and pass the queues of those services as queues.',
      ];
    },
  });
}

export function checkRuleCount(scope: Construct, name: string, count: number): void {
  const { region } = Stack.of(scope);
  const most = (Token.isUnresolved(region) ? undefined : RULES_MAX_OF_REGION[region]) ?? RULES_MAX;
  if (count <= most) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The orchestrator ${name} needs ${count} rules, one for each owner of events: a bus has at most ${most} unless AWS has raised this quota.`,
    { remedy: 'Receive events of fewer owners, or divide the system.' },
  );
}

export function checkEnvironmentSize(scope: Construct, description: string, environment: Readonly<Record<string, string>>): void {
  const size = writtenLength(Stack.of(scope).resolve(environment));
  if (size <= ENVIRONMENT_BYTES_MAX) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The environment variables of the function "${description}" take up to ${size} bytes: Lambda allows ${ENVIRONMENT_BYTES_MAX}.`,
    { remedy: 'Pass fewer queues or accounts, or shorter values as environment.' },
  );
}

/** Upper bound of the characters of a resolved value as JSON after deployment: each reference counts with its longest value. */
export function writtenLength(resolved: unknown): number {
  if (Array.isArray(resolved)) return 2 + resolved.reduce((sum: number, each) => sum + writtenLength(each) + 1, 0);
  if (typeof resolved !== 'object' || resolved === null) return JSON.stringify(resolved ?? null).length;
  const entries = Object.entries(resolved);
  const [[kind, value] = ['', undefined]] = entries;
  if (kind === 'Fn::Join')
    return (value as readonly [string, readonly unknown[]])[1].reduce((sum: number, part) => sum + partLength(part), 2);
  if (kind === 'Ref' || kind.startsWith('Fn::')) return partLength(resolved) + 2;
  return 2 + entries.reduce((sum, [key, each]) => sum + key.length + 4 + writtenLength(each), 0);
}

/** The length of one part of a joined text. */
function partLength(part: unknown): number {
  if (typeof part === 'string') return part.length;
  const reference = (part as { readonly Ref?: string }).Ref;
  return reference?.startsWith('AWS::') === true ? PSEUDO_PARAMETER_LENGTH : REFERENCE_LENGTH;
}
