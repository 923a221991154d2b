import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib/core';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, CacheControl, type ISource, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import { acknowledgeGranted } from './acknowledged-prefixes.ts';
import { ContractError } from '../../contract/errors.ts';
import { ASSETS, builtPages, CACHE_CHECKED, CACHE_FOR_EVER } from '../../console/hosting.ts';

/** The bucket with the built page. Only the distribution reads it, and a deletion of the stack deletes it. */
export class ConsolePages extends Construct {
  readonly bucket: IBucket;
  /** The paths of the files, such as `/index.html`, without those under `/assets/`. */
  readonly files: readonly string[];

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const isBundled = Stack.of(this).bundlingRequired;
    const folder = isBundled ? requirePages(builtPages()) : undefined;
    this.files = folder === undefined ? ['/index.html'] : filesOf(folder);
    const bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'The files are those of the package, which anyone may read.',
    });
    this.bucket = bucket as IBucket;
    // An open page still loads files of the build before, so none is deleted with a new build.
    const deploy = (name: string, source: ISource, cache: string, prefix?: string): BucketDeployment =>
      new BucketDeployment(this, name, {
        sources: [source],
        destinationBucket: this.bucket,
        prune: false,
        retainOnDelete: false,
        cacheControl: [CacheControl.fromString(cache)],
        ...(prefix !== undefined && { destinationKeyPrefix: prefix }),
      });
    const [assets, others] = sourcesOf(folder);
    const named = deploy('Assets', assets, CACHE_FOR_EVER, ASSETS);
    const page = deploy('Page', others, CACHE_CHECKED);
    // The page names its assets, so they are there before it.
    page.node.addDependency(named);
    acknowledgeDeployment(page);
  }
}

const CDK_DEPLOYS = 'CDK makes this function and its rights. It runs at a deployment only, and copies the files of the package.';

/** CDK copies files into buckets with one function for all of a stack. cdk-nag asks for a reason for each of its wildcards. */
function acknowledgeDeployment({ handlerRole }: BucketDeployment): void {
  const acknowledge = (rule: string): void =>
    Validations.of(handlerRole.node.scope as Construct).acknowledge({ id: `AwsSolutions-${rule}`, reason: CDK_DEPLOYS });
  acknowledge('L1');
  acknowledge('IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]');
  for (const action of ['Abort', 'DeleteObject', 'GetBucket', 'GetObject', 'List']) acknowledge(`IAM5[Action::s3:${action}*]`);
  acknowledgeGranted(handlerRole, CDK_DEPLOYS);
}

function sourcesOf(folder: string | undefined): readonly [assets: ISource, others: ISource] {
  if (folder === undefined) return [Source.data('page.js', '// not built'), Source.data('index.html', 'not built')];
  return [Source.asset(join(folder, ASSETS)), Source.asset(folder, { exclude: [ASSETS] })];
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [`/${entry.name}`] : []));
}

function requirePages(folder: string): string {
  if (existsSync(join(folder, 'index.html'))) return folder;
  throw new ContractError('CONTRACT_INVALID', `The page of the console is not in ${folder}: expected the built files.`, {
    remedy: 'Run npm run build:console in the repository, or install the package again.',
  });
}
