import { Token } from 'aws-cdk-lib/core';
import { CfnEventBusPolicy, type EventBus } from 'aws-cdk-lib/aws-events';
import { AccountPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ContractError } from '../../contract/errors.ts';
import { eventContract, type AnyEvent } from '../../contract/event.ts';
import type { SystemContract } from '../../contract/runtime-contract.ts';
import type { PublishingAccounts } from '../../contract/accounts.ts';
import { boundedName } from '../resources/bounded-name.ts';
import { heardTypes } from '../resources/event-patterns.ts';
import { ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
import { payloadKeys, sentKeys } from '../resources/payload-bucket.ts';

const ACCOUNT_FORM = /^\d{12}$/;
const STATEMENT_ID_LENGTH_MAX = 64;

/** What an account other than the orchestrator's may publish. */
export interface ForeignAccount {
  /** Events that are published there, each as its owner. @default none */
  readonly publishes?: readonly AnyEvent[];
  /** Names of services that live there. @default those whose queue lies there */
  readonly services?: readonly string[];
}

export interface AdmittedProps {
  /** The account of the orchestrator. */
  readonly own: string;
  readonly accounts: Readonly<Record<string, ForeignAccount>>;
  readonly queues: Readonly<Record<string, IQueue>>;
  readonly system: SystemContract;
}

/** Who publishes what, as props and queues say it: bus, bucket and engine are told the same. */
export function publishingAccounts({ own, accounts, queues, system }: AdmittedProps): PublishingAccounts {
  const services: Record<string, string> = {};
  const events: Record<string, string[]> = {};
  const heard = new Set([...heardTypes(system).values()].flat());
  for (const [account, { publishes = [], services: named = [] }] of Object.entries(accounts)) {
    if (!ACCOUNT_FORM.test(account)) throw invalid(`names ${JSON.stringify(account)}: expected an account id of twelve digits`);
    for (const service of named) {
      if (!system.services.has(service))
        throw invalid(`names the service ${service}: expected one of ${[...system.services.keys()].join(', ')}`);
      if (services[service] !== undefined)
        throw invalid(`names the service ${service} in ${services[service]} and in ${account}: expected one account`);
      services[service] = account;
    }
    for (const { type } of publishes.map(eventContract)) {
      if (!heard.has(type)) throw invalid(`names the event ${type}, which no process of ${system.name} starts on or receives`);
      (events[type] ??= []).push(account);
    }
  }
  for (const [service, { env }] of Object.entries(queues))
    if (!Token.isUnresolved(env.account) && env.account !== own) services[service] ??= env.account;
  return { own, services: othersOnly(services, own), events };
}

const othersOnly = (services: Readonly<Record<string, string>>, own: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(services).filter(([, account]) => account !== own));

/** Every account that may publish something, the own one first. */
export function admittedAccounts({ own, services, events }: PublishingAccounts): readonly string[] {
  return [...new Set([own, ...Object.values(services), ...Object.values(events).flat()])];
}

export interface AdmittingProps {
  readonly publishing: PublishingAccounts;
  readonly system: SystemContract;
  /** @default the bus is not ours, and its owner says who may publish */
  readonly bus: EventBus | undefined;
  /** @default the bucket is not ours */
  readonly bucket: Bucket | undefined;
}

/** What one account speaks for. */
interface Speaking {
  readonly services: readonly string[];
  /** By owner. */
  readonly events: ReadonlyMap<string, readonly string[]>;
}

/**
 * Lets each other account publish as its own services and the events that it is said to publish, and lets it write and read their values.
 * A request has up to ten entries, so sources and types are compared with `ForAllValues`, as AWS does it (EventBridge, Example policy:
 * Send events to a custom bus in a different account); entries of two sources need two requests.
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
  const byOwner = Array.from(heardTypes(system), ([owner, types]) => [owner, types.filter(own)] as const);
  return {
    services: Object.keys(services).filter((service) => services[service] === account),
    events: new Map(byOwner.filter(([, types]) => types.length > 0)),
  };
}

function admitToBus(scope: Construct, bus: EventBus, account: string, { services, events }: Speaking): void {
  const admit = (as: string, source: string, types: readonly string[]): void => {
    const id = boundedName(`Publish${account}${as}${pascalCase(source)}`, STATEMENT_ID_LENGTH_MAX).replaceAll('-', '');
    const statement = allowing(account, id, ['events:PutEvents'], [bus.eventBusArn], {
      'ForAllValues:StringEquals': { 'events:source': source },
      'ForAllValues:StringLike': { 'events:detail-type': types },
      // Without an entry for a key ForAllValues holds for anything.
      Null: { 'events:source': 'false', 'events:detail-type': 'false' },
    }).toStatementJson();
    new CfnEventBusPolicy(scope, id, { eventBusName: bus.eventBusName, statementId: id, statement });
  };
  // Its answers and its events: the names of all of them begin with its own.
  for (const service of services) admit('Service', service, [`${service}.*`]);
  for (const [owner, types] of events) admit('Events', owner, types);
}

/** Sids are letters and digits only. */
const pascalCase = (name: string): string => name.replace(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());

function admitToBucket(bucket: Bucket, account: string, { services, events }: Speaking): void {
  const folders = [...events.values()].flat().map((type) => sentKeys(bucket.bucketArn, type));
  const written = [...services.map((service) => payloadKeys(bucket.bucketArn, service)), ...folders];
  if (services.length > 0)
    bucket.addToResourcePolicy(allowing(account, `Read${account}`, ['s3:GetObject'], [payloadKeys(bucket.bucketArn, ORCHESTRATOR_WRITER)]));
  bucket.addToResourcePolicy(allowing(account, `Write${account}`, ['s3:PutObject'], written));
}

function allowing(account: string, sid: string, actions: string[], resources: string[], conditions = {}): PolicyStatement {
  return new PolicyStatement({ sid, effect: Effect.ALLOW, principals: [new AccountPrincipal(account)], actions, resources, conditions });
}

function invalid(text: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `accounts of the orchestrator ${text}.`, {
    remedy: 'Correct accounts: name each account with the events that it publishes and the services that live there.',
  });
}
