import type { SSMClientConfig } from '@aws-sdk/client-ssm';

/** Where a deployed system is, and who reaches for it. */
export interface AwsOptions {
  /** The deployment's name: that of its system, unless the construct was given another. */
  readonly name: string;
  /** @default that of the environment or of the profile */
  readonly region?: string;
  /** The endpoint of all services, such as that of LocalStack. @default AWS_ENDPOINT_URL, else AWS */
  readonly endpoint?: string;
  /** @default those of the environment, of the profile or of the machine */
  readonly credentials?: NonNullable<SSMClientConfig['credentials']>;
  /** Who acts: journaled with each act. @default the ARN of the caller, which STS is asked for once, when it is first needed */
  readonly principal?: string;
}
