import { Token } from 'aws-cdk-lib/core';
import { CfnEventBusPolicy, type EventBus } from 'aws-cdk-lib/aws-events';
import { AccountPrincipal, Effect, PolicyStatement, type PolicyStatementProps } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ContractError } from '../../contract/errors.ts';
import { eventContract, type AnyEvent } from '../../contract/event.ts';
import type { SystemContract } from '../../contract/runtime-contract.ts';
import type { PublishingAccounts } from '../../contract/accounts.ts';
import { boundedName } from '../resources/aws-limits.ts';
import { handledTypes } from '../resources/event-patterns.ts';
import { ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
import { payloadKeys, sentKeys } from '../resources/payload-bucket.ts';

const ACCOUNT_FORM = /^\d{12}$/;
const STATEMENT_ID_LENGTH_MAX = 64;

/** The rights of one account other than the orchestrator's. */
export interface ForeignAccount {
  /** Events that this account publishes, each in the name of its owner. @default none */
  readonly publishes?: readonly AnyEvent[];
  /** Names of the services that run in this account. @default the services whose queue is in this account */
  readonly services?: readonly string[];
}

export interface AdmittedProps {
  /** Account of the orchestrator. */
  readonly own: string;
  readonly accounts: Readonly<Record<string, ForeignAccount>>;
  readonly queues: Readonly<Record<string, IQueue>>;
  readonly system: SystemContract;
}

/** The account of each service and the accounts of each event, from the props. The policies of bus and bucket and the engine all use this. */
export function publishingAccounts({ own, accounts, queues, system }: AdmittedProps): PublishingAccounts {
  const services: Record<string, string> = {};
  const events: Record<string, string[]> = {};
  const handled = new Set([...handledTypes(system).values()].flat());
  for (const [account, { publishes = [], services: named = [] }] of Object.entries(accounts)) {
    if (!ACCOUNT_FORM.test(account)) throw invalid(`names ${JSON.stringify(account)}: expected an account id of 12 digits`);
    for (const service of named) {
      if (!system.services.has(service))
        throw invalid(`names the service ${service}: expected one of ${[...system.services.keys()].join(', ')}`);
      if (services[service] !== undefined)
        throw invalid(`names the service ${service} in ${services[service]} and in ${account}: expected one account`);
      services[service] = account;
    }
    for (const { type } of publishes.map(eventContract)) {
      if (!handled.has(type)) throw invalid(`names the event ${type}, which no process of ${system.name} starts on or receives`);
      (events[type] ??= []).push(account);
    }
  }
  for (const [service, { env }] of Object.entries(queues))
    if (!Token.isUnresolved(env.account) && env.account !== own) services[service] ??= env.account;
  return { own, services: othersOnly(services, own), events };
}

function othersOnly(services: Readonly<Record<string, string>>, own: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(services).filter(([, account]) => account !== own));
}

/** Every account that may publish, the orchestrator's first. */
export function admittedAccounts({ own, services, events }: PublishingAccounts): readonly string[] {
  return [...new Set([own, ...Object.values(services), ...Object.values(events).flat()])];
}

export interface AdmittingProps {
  readonly publishing: PublishingAccounts;
  readonly system: SystemContract;
  /** @default the bus was brought, and its owner writes its policy */
  readonly bus: EventBus | undefined;
  /** @default the bucket was brought, and its owner writes its policy */
  readonly bucket: Bucket | undefined;
}

/** The services and events in whose name one account may publish. */
interface Speaking {
  readonly services: readonly string[];
  /** Event types by owner. */
  readonly events: ReadonlyMap<string, readonly string[]>;
}

/**
 * Lets each other account publish in the name of its services and the events that `accounts` lists for it, and lets it write and read
 * their large values. A PutEvents request has up to ten entries, so the conditions use `ForAllValues` (EventBridge, Example policy: Send
 * events to a custom bus in a different account). Entries of two sources therefore need two requests.
 */
export function admitForeignAccounts(scope: Construct, { publishing, system, bus, bucket }: AdmittingProps): void {
  for (const account of admittedAccounts(publishing).filter((each) => each !== publishing.own)) {
    const speaking = speakingOf(account, publishing, system);
    if (bus) admitToBus(scope, bus, account, speaking);
    if (bucket) admitToBucket(bucket, account, speaking);
  }
}

function speakingOf(account: string, { services, events }: PublishingAccounts, system: SystemContract): Speaking {
  const own = (type: string): boolean => events[type]?.includes(account) ?? false;
  const byOwner = Array.from(handledTypes(system), ([owner, types]) => [owner, types.filter(own)] as const);
  return {
    services: Object.keys(services).filter((service) => services[service] === account),
    events: new Map(byOwner.filter(([, types]) => types.length > 0)),
  };
}

function admitToBus(scope: Construct, bus: EventBus, account: string, { services, events }: Speaking): void {
  const admit = (as: string, source: string, types: readonly string[]): void => {
    const id = boundedName(`Publish${account}${as}${pascalCase(source)}`, STATEMENT_ID_LENGTH_MAX).replaceAll('-', '');
    const statement = allowing(account, id, {
      actions: ['events:PutEvents'],
      resources: [bus.eventBusArn],
      conditions: {
        'ForAllValues:StringEquals': { 'events:source': source },
        'ForAllValues:StringLike': { 'events:detail-type': types },
        // ForAllValues also matches a request without the key.
        Null: { 'events:source': 'false', 'events:detail-type': 'false' },
      },
    }).toStatementJson();
    new CfnEventBusPolicy(scope, id, { eventBusName: bus.eventBusName, statementId: id, statement });
  };
  // The types of a service's replies and events begin with its name.
  for (const service of services) admit('Service', service, [`${service}.*`]);
  for (const [owner, types] of events) admit('Events', owner, types);
}

/** A Sid allows letters and digits only. */
function pascalCase(name: string): string {
  return name.replace(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}

function admitToBucket(bucket: Bucket, account: string, { services, events }: Speaking): void {
  const folders = [...events.values()].flat().map((type) => sentKeys(bucket.bucketArn, type));
  const written = [...services.map((service) => payloadKeys(bucket.bucketArn, service)), ...folders];
  if (services.length > 0)
    bucket.addToResourcePolicy(
      allowing(account, `Read${account}`, { actions: ['s3:GetObject'], resources: [payloadKeys(bucket.bucketArn, ORCHESTRATOR_WRITER)] }),
    );
  bucket.addToResourcePolicy(allowing(account, `Write${account}`, { actions: ['s3:PutObject'], resources: written }));
}

function allowing(
  account: string,
  sid: string,
  allowed: Pick<PolicyStatementProps, 'actions' | 'resources' | 'conditions'>,
): PolicyStatement {
  return new PolicyStatement({ sid, effect: Effect.ALLOW, principals: [new AccountPrincipal(account)], ...allowed });
}

function invalid(text: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `accounts of the orchestrator ${text}.`, {
    remedy: 'Correct accounts: list for each account id the events that it publishes and the services that run there.',
  });
}
