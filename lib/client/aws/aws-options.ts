import type { SSMClientConfig } from '@aws-sdk/client-ssm';

/** The place of a deployed system, and the identity of the caller. */
export interface AwsOptions {
  /** The deployment's name: the name of its system, unless the construct was given another. */
  readonly name: string;
  /** @default the region of the environment or of the profile */
  readonly region?: string;
  /** The endpoint of all AWS services, for LocalStack. @default AWS_ENDPOINT_URL, else AWS */
  readonly endpoint?: string;
  /** @default the credentials of the environment, of the profile or of the machine */
  readonly credentials?: NonNullable<SSMClientConfig['credentials']>;
  /** The principal that the journal names for each operation. @default the ARN of the caller, read once from STS when it is first needed */
  readonly principal?: string;
}
