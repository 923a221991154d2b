import { CfnEventBusPolicy, type EventBus } from 'aws-cdk-lib/aws-events';
import { AccountPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { SystemContract } from '../contract/runtime-contract.ts';
import { heardTypes } from './event-patterns.ts';
import { ORCHESTRATOR_WRITER, payloadKeys } from './payload-bucket.ts';
import { publishedBy } from './statement.ts';

export interface ForeignAccountsProps {
  readonly accounts: readonly string[];
  readonly system: SystemContract;
  /** Services whose queue is their own, maybe in one of these accounts. */
  readonly services: readonly string[];
  /** @default the bus is not ours, and its owner says who may publish */
  readonly bus: EventBus | undefined;
  /** @default the bucket is not ours */
  readonly bucket: Bucket | undefined;
}

/** Lets other accounts publish what the system hears, in its owners' names only, and lets their services read and write values. */
export function admitForeignAccounts(scope: Construct, { accounts, system, services, bus, bucket }: ForeignAccountsProps): void {
  for (const account of accounts) {
    const principals = [new AccountPrincipal(account)];
    const allowed = (sid: string, actions: string[], resources: string[], conditions = {}): PolicyStatement =>
      new PolicyStatement({ sid: `${sid}${account}`, effect: Effect.ALLOW, principals, actions, resources, conditions });
    if (bus) {
      const sources = [...new Set([...heardTypes(system).keys(), ...services])];
      const statement = allowed('Publish', ['events:PutEvents'], [bus.eventBusArn], publishedBy(sources)).toStatementJson();
      new CfnEventBusPolicy(scope, `Publish${account}`, { eventBusName: bus.eventBusName, statementId: `Publish${account}`, statement });
    }
    if (bucket && services.length > 0) {
      const writers = services.map((service) => payloadKeys(bucket.bucketArn, service));
      bucket.addToResourcePolicy(allowed('Read', ['s3:GetObject'], [payloadKeys(bucket.bucketArn, ORCHESTRATOR_WRITER)]));
      bucket.addToResourcePolicy(allowed('Write', ['s3:PutObject'], writers));
    }
  }
}
