import { Annotations, type Duration, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { ManagedPolicy, PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Code, Function as Lambda, LoggingFormat, RecursiveLoop, Runtime, SystemLogLevel } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledgePrefixes } from '../resources/acknowledged-prefixes.ts';
import { BUNDLE_HANDLER } from './bundle.ts';
import { splitStatements } from '../iam/split-statements.ts';
import { checkEnvironmentSize } from '../resources/aws-limits.ts';
import { allow } from '../iam/statement.ts';

export interface LambdaBundle {
  /** Path of the folder with index.js. */
  readonly folder: string;
  /** @default none */
  readonly warnings?: readonly string[];
  /** @default the hash of the files */
  readonly assetHash?: string;
}

export interface LambdaFunctionProps {
  readonly description: string;
  /** Builds the code. CDK does not call it if it needs no assets, as for `cdk list`. */
  readonly bundle: () => LambdaBundle;
  readonly environment: Readonly<Record<string, string>>;
  readonly statements: readonly PolicyStatement[];
  readonly memorySizeMb: number;
  readonly timeout: Duration;
  readonly logRetention: RetentionDays;
  /** Key of the log and of the data that the function reads and writes. @default keys that AWS owns */
  readonly encryptionKey?: IKey | undefined;
  /** Copies reserved for this function, which are also its maximum. @default none: it shares the concurrency of the account with all other functions */
  readonly reservedConcurrency?: number | undefined;
  /** Name of the role. @default CloudFormation generates a name */
  readonly roleName?: string;
}

/** A Lambda function of Tutti: Node 24 on arm64, its own role and log, and only the rights that are listed. */
export class LambdaFunction extends Construct {
  readonly function: Lambda;
  readonly role: Role;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: LambdaFunctionProps) {
    super(scope, id);
    // The journal is the durable record, so the log is deleted with its stack.
    this.logGroup = new LogGroup(this, 'Log', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
    });
    const log = allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [this.logGroup.logGroupArn]);
    const { inline, managed } = splitStatements(this, [log, ...props.statements]);
    const policies = managed.map((statements, i) => new ManagedPolicy(this, `Policy${i + 1}`, { statements: [...statements] }));
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      ...(props.roleName !== undefined && { roleName: props.roleName }),
      inlinePolicies: { Tutti: new PolicyDocument({ statements: [...inline] }) },
      ...(policies.length > 0 && { managedPolicies: policies }),
    });
    props.encryptionKey?.grantEncryptDecrypt(this.role);
    acknowledgePrefixes(this.role, inline);
    for (const [i, policy] of policies.entries()) acknowledgePrefixes(policy, managed[i] ?? []);
    checkEnvironmentSize(this, props.description, props.environment);
    this.function = new Lambda(this, 'Function', {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: BUNDLE_HANDLER,
      code: this.#code(props.bundle),
      role: this.role,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      // At INFO Lambda logs a kilobyte per successful call, which costs more than the call.
      systemLogLevelV2: SystemLogLevel.WARN,
      memorySize: props.memorySizeMb,
      timeout: props.timeout,
      ...(props.reservedConcurrency !== undefined && { reservedConcurrentExecutions: props.reservedConcurrency }),
      environment: { ...props.environment },
      // Lambda takes a process of more than 16 steps for a loop and would stop it. The hop counter of the envelope guards against loops instead.
      recursiveLoop: RecursiveLoop.ALLOW,
    });
  }

  #code(bundle: () => LambdaBundle): Code {
    if (!Stack.of(this).bundlingRequired) return Code.fromInline('// not bundled');
    const { folder, warnings = [], assetHash } = bundle();
    for (const warning of warnings) Annotations.of(this).addWarningV2('tutti/cdk:bundle', warning);
    return Code.fromAsset(folder, assetHash === undefined ? {} : { assetHash });
  }
}
