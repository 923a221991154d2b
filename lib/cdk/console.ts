import { CfnOutput, Stack, Token } from 'aws-cdk-lib/core';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type Function as Lambda, FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ContractError } from '../contract/errors.ts';
import type { AnyEvent } from '../contract/event.ts';
import { bundleConsole } from './bundle/bundle.ts';
import { LambdaFunction } from './bundle/lambda-function.ts';
import type { IOrchestrator } from './orchestrator-interface.ts';
import { acknowledgeGranted } from './resources/acknowledged-prefixes.ts';
import { consoleDistribution, ORIGIN_TIMEOUT } from './resources/console-distribution.ts';
import { ConsolePages } from './resources/console-pages.ts';

export interface ConsoleProps {
  /** The orchestrator of this stack or of another of this account. */
  readonly orchestrator: IOrchestrator;
  /** Path of the module that exports `authorize`, a `ConsoleAuthorizer`, relative to the working directory. */
  readonly authorizer: string;
  /** Environment variables for the authorizer. @default only the variables of Tutti */
  readonly environment?: Readonly<Record<string, string>>;
  /** The function gets no right to operate or to start. @default false: the authorizer names each person that may only read */
  readonly readOnly?: boolean;
  /** The events that the console may publish and signal, in the name of their owners. @default none */
  readonly events?: readonly AnyEvent[];
  /** Domain names of the console, each in `certificate`. @default the name that CloudFront gives it */
  readonly domainNames?: readonly string[];
  /** Certificate of `domainNames`, of the region us-east-1. */
  readonly certificate?: ICertificate;
  /** ARN of a web ACL of AWS WAF, of the scope CLOUDFRONT. @default none */
  readonly webAclId?: string;
  /** `encryptionKey` of the orchestrator; also encrypts the log. @default keys that AWS owns */
  readonly encryptionKey?: IKey;
  /** Memory of the function in MB. @default 512 */
  readonly memorySizeMb?: number;
  /** Retention of the log. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
}

/**
 * The console of a system for a team: the page in a bucket, the operations API in a function, both behind one CloudFront distribution. Only the
 * distribution reads the bucket and calls the function, and only a person that `authorizer` has named reaches the API. Without readers it costs
 * nothing. For yourself, `tutti console --stack` deploys nothing.
 * @example new Console(stack, 'Console', { orchestrator, authorizer: 'console/authorizer.ts' });
 */
export class Console extends Construct implements IGrantable {
  /** Such as `https://d111111abcdef8.cloudfront.net`, or with the first of `domainNames`. The stack has it as an output. */
  readonly address: string;
  readonly distribution: Distribution;
  readonly function: Lambda;
  /** Principal for grants on what the authorizer uses, such as secrets. */
  readonly grantPrincipal: IPrincipal;

  constructor(scope: Construct, id: string, props: ConsoleProps) {
    super(scope, id);
    const { orchestrator, authorizer, domainNames, certificate, encryptionKey } = props;
    checkProps(this, props);
    const made = new LambdaFunction(this, 'Api', {
      description: `${orchestrator.name}: the operations API of the console`,
      bundle: () => bundleConsole(authorizer),
      environment: { ...props.environment, TUTTI_NAME: orchestrator.name, TUTTI_REGION: orchestrator.region },
      statements: [],
      memorySizeMb: props.memorySizeMb ?? 512,
      timeout: ORIGIN_TIMEOUT,
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
      encryptionKey,
    });
    this.function = made.function;
    this.grantPrincipal = made.role;
    orchestrator.grantReadQueues(this);
    if (props.readOnly) orchestrator.grantRead(this);
    else {
      orchestrator.grantOperate(this);
      orchestrator.grantStart(this);
    }
    if (props.events && props.events.length > 0) orchestrator.grantSignal(this, ...props.events);
    acknowledgeGranted(made.role);
    this.distribution = consoleDistribution(this, 'Distribution', {
      name: orchestrator.name,
      pages: new ConsolePages(this, 'Pages'),
      api: made.function.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM }),
      domainNames,
      certificate,
      webAclId: props.webAclId,
    });
    this.address = `https://${domainNames?.[0] ?? this.distribution.distributionDomainName}`;
    new CfnOutput(this, 'Address', { value: this.address, description: `The console of ${orchestrator.name}` });
  }
}

/** Throws if props contradict each other, so that synth fails and not the deployment. */
function checkProps(
  scope: Construct,
  { orchestrator, domainNames, certificate, readOnly, events = [], environment = {} }: ConsoleProps,
): void {
  const { account, name } = orchestrator;
  const own = Stack.of(scope).account;
  // The function reads the parameters of the deployment, which are of its account only.
  if (own !== account && !Token.isUnresolved(own) && !Token.isUnresolved(account))
    throw invalid(
      scope,
      `is in the account ${own}, and its orchestrator ${name} in ${account}: expected the same account`,
      'Put the Console into a stack of that account.',
    );
  if ((domainNames === undefined) !== (certificate === undefined))
    throw invalid(
      scope,
      'has domainNames or a certificate alone: expected both',
      'Pass domainNames with a certificate of us-east-1 that has them.',
    );
  if (readOnly && events.length > 0)
    throw invalid(scope, 'is readOnly and has events to publish: expected one of both', 'Leave out events, or readOnly.');
  const reserved = Object.keys(environment).find((each) => each.startsWith('TUTTI_'));
  if (reserved !== undefined)
    throw invalid(scope, `sets the variable ${reserved}: expected a name without TUTTI_`, 'Name the variable of the authorizer otherwise.');
}

function invalid(scope: Construct, text: string, remedy: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `The Console ${scope.node.path} ${text}.`, { remedy });
}
