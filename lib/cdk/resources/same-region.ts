import { Stack, Token } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { ContractError } from '../../contract/errors.ts';
import type { IOrchestrator } from '../orchestrator-interface.ts';

/** A service in another region could not answer: PutEvents reaches no bus there, and a function takes from no queue there. */
export function checkRegion(service: string, scope: Construct, orchestrator: IOrchestrator): void {
  const { region } = Stack.of(scope);
  if (region === orchestrator.region || Token.isUnresolved(region) || Token.isUnresolved(orchestrator.region)) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The service ${service} would be in ${region}, and its orchestrator ${orchestrator.name} is in ${orchestrator.region}: expected the same region.`,
    { remedy: 'Put the service into a stack of that region; its handlers can call what lies elsewhere.' },
  );
}
