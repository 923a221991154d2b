import { ParameterTier, StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { deploymentNames } from '../../adapters/aws/deployment-names.ts';

/** The SSM parameters by which clients, the command line and other stacks find a deployment. */
export class PublishedParameters extends Construct {
  constructor(scope: Construct, id: string, name: string, parameters: Readonly<Record<string, string>>) {
    super(scope, id);
    const { parameters: path } = deploymentNames(name);
    for (const [key, value] of Object.entries(parameters)) {
      new StringParameter(this, key, {
        parameterName: `${path}/${key}`,
        stringValue: value,
        // Only the description of a large system exceeds the 4 KB of the free tier.
        ...(key === 'system' && { tier: ParameterTier.INTELLIGENT_TIERING }),
      });
    }
  }
}
