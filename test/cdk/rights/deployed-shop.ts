import { setTimeout as sleep } from 'node:timers/promises';
import { Duration } from 'aws-cdk-lib/core';
import { Role, ServicePrincipal, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { aws, connect, type Client } from 'tutti/client';
import { bundleConsole, bundleFunctions, bundleService, bundleStepRunner, type FunctionName } from '../../../lib/cdk/bundle/bundle.ts';
import { Console } from '../../../lib/cdk/console.ts';
import type { IOrchestrator } from '../../../lib/cdk/orchestrator-interface.ts';
import { Orchestrator } from '../../../lib/cdk/orchestrator.ts';
import { ServiceFunction } from '../../../lib/cdk/service-function.ts';
import { StepFunction } from '../../../lib/cdk/step-function.ts';
import { operationsOn } from '../../../lib/client/operations/operations-on.ts';
import type { Operations } from '../../../lib/client/operations/operations.ts';
import type { Reach } from '../../../lib/client/connection.ts';
import type { AwsOptions } from '../../../lib/client/aws/aws-options.ts';
import { awsReach } from '../../../lib/client/aws/aws.ts';
import { AwsAccount } from '../account/aws-account.ts';
import { DeployedFunctions } from '../account/deployed-functions.ts';
import { openEndpoint } from '../account/endpoint.ts';
import { REGION, resourcesOf, testStack } from '../synthesized.ts';
import { courier, NoteAdded, people, shop, stock } from './shop.ts';

const ENTRY = new URL('shop.ts', import.meta.url).pathname;
const AUTHORIZER = new URL('authorizer.ts', import.meta.url).pathname;
const SERVICES = { Stock: 'stock-service.ts', People: 'people-service.ts' };

const FUNCTIONS: Readonly<Record<string, FunctionName>> = {
  AdvanceProcesses: 'advance-processes',
  SweepTimers: 'sweep-timers',
  WakeOverdue: 'wake-overdue',
  DrainDeadLetters: 'drain-dead-letters',
  RetireClosed: 'retire-closed',
};

/** The grants of a user's role. */
export type Grants = Readonly<Record<string, (orchestrator: IOrchestrator, role: IGrantable) => void>>;

export interface DeployedShop {
  readonly account: AwsAccount;
  readonly functions: DeployedFunctions;
  /** A client that calls as one of the granted roles. */
  /** `tenant`: of the client. @default `default` */
  readonly client: (role: string, tenant?: string) => Client;
  /** The operations of the command line, as one of these roles. */
  readonly acts: (role: string) => Promise<Operations>;
  /** The system, as one of these roles reaches it. */
  readonly reach: (role: string) => Promise<Reach>;
  /** Waits for a call of a client while the functions run. */
  readonly during: <T>(doing: Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

/** The task token that the handler of people-service.ts stored. */
export const tokenOf = (orderId: string): string => Reflect.get(globalThis, `token of ${orderId}`) as string;

/** The shop with its two services, its steps and these roles, deployed into an account in memory whose IAM is enforced. */
export async function deployShop(grants: Grants): Promise<DeployedShop> {
  const stack = testStack('Shop');
  const orchestrator = new Orchestrator(stack, 'Shop', { system: shop, entry: ENTRY, retention: Duration.days(60), erasure: true });
  new ServiceFunction(stack, 'Stock', { orchestrator, service: stock, entry: entryOf('Stock') });
  new ServiceFunction(stack, 'People', { orchestrator, service: people, entry: entryOf('People') });
  new StepFunction(stack, 'Courier', { orchestrator, processes: [courier] });
  new Console(stack, 'Console', { orchestrator, authorizer: AUTHORIZER, events: [NoteAdded] });
  for (const [name, grant] of Object.entries(grants))
    grant(orchestrator, new Role(stack, name, { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') }));
  const resources = resourcesOf(stack);
  const account = new AwsAccount(resources);
  const endpoint = await openEndpoint(account);
  account.place(endpoint.url);
  const bundle = bundleFunctions({ entry: ENTRY, system: shop.name });
  const functions = new DeployedFunctions(account, endpoint.url, resources, (id) => {
    const name = Object.keys(FUNCTIONS).find((each) => id.includes(each));
    if (id.startsWith('ConsoleApi')) return bundleConsole(AUTHORIZER).folder;
    if (/Steps|Courier/.test(id)) return bundleStepRunner({ entry: ENTRY, system: shop.name }).folder;
    if (name !== undefined) return bundle.folders[FUNCTIONS[name] as FunctionName];
    return bundleService(entryOf(id.startsWith('Stock') ? 'Stock' : 'People')).folder;
  });
  const optionsOf = (role: string): AwsOptions => ({
    name: 'shop',
    region: REGION,
    endpoint: endpoint.url,
    credentials: { accessKeyId: account.roleOf(role), secretAccessKey: 'secret' },
  });
  return {
    account,
    functions,
    reach: (role) => awsReach(optionsOf(role)),
    acts: async (role) => operationsOn(await awsReach(optionsOf(role))),
    client: (role, tenant = 'default') => connect(shop, aws(optionsOf(role)), { tenant }),
    during: (doing) => during(functions, doing),
    close: endpoint.close,
  };
}

async function during<T>(functions: DeployedFunctions, doing: Promise<T>): Promise<T> {
  let settled = false;
  const watched = doing.finally(() => (settled = true));
  // The caller awaits the same promise and handles a rejection.
  watched.catch(() => {});
  while (!settled) {
    await functions.run();
    await sleep(PAUSE_MS);
  }
  return watched;
}

/** A client sends between two rounds. */
const PAUSE_MS = 10;

function entryOf(service: keyof typeof SERVICES): string {
  return new URL(SERVICES[service], import.meta.url).pathname;
}
