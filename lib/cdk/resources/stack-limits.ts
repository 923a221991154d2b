import { CfnResource, Stack, Token } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { ContractError } from '../../contract/errors.ts';
import { writtenLength } from './written-length.ts';

/** "CloudFormation quotas". */
const RESOURCES_MAX = 500;
/** "Lambda quotas": of all variables of a function together. */
const ENVIRONMENT_BYTES_MAX = 4096;
/** "EventBridge quotas": rules of a bus. It can be raised, and is less in two regions. */
const RULES_MAX = 300;
const RULES_MAX_OF_REGION: Readonly<Record<string, number>> = { 'af-south-1': 100, 'eu-south-1': 100 };

/** A stack of too many resources fails to synthesise, and the error says what of Tutti can move. */
export function checkResourceCount(scope: Construct): void {
  scope.node.addValidation({
    validate: () => {
      const count = Stack.of(scope)
        .node.findAll()
        .filter((each) => CfnResource.isCfnResource(each)).length;
      if (count <= RESOURCES_MAX) return [];
      return [
        `The stack ${Stack.of(scope).stackName} has ${count} resources: CloudFormation allows ${RESOURCES_MAX}. ` +
          'Put each ServiceFunction into a stack of its service (Orchestrator.fromName), and give queues of services as queues.',
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
    `The orchestrator ${name} would need ${count} rules, one for each owner of events: a bus has ${most} unless AWS has raised it.`,
    { remedy: 'Let fewer owners publish what the processes receive, or divide the system.' },
  );
}

export function checkEnvironmentSize(scope: Construct, description: string, environment: Readonly<Record<string, string>>): void {
  const size = writtenLength(Stack.of(scope).resolve(environment));
  if (size <= ENVIRONMENT_BYTES_MAX) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The variables of the function "${description}" would take up to ${size} bytes: Lambda allows ${ENVIRONMENT_BYTES_MAX}.`,
    { remedy: 'Give fewer queues or accounts, or shorter values as environment.' },
  );
}
