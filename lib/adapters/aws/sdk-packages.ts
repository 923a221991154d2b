/** The clients of the SDK that functions and services load; a user installs them beside tutti (docs/decisions/0009-dependencies-by-use.md). */
export const FUNCTION_SDK = [
  '@aws-sdk/client-dynamodb',
  '@aws-sdk/client-eventbridge',
  '@aws-sdk/client-s3',
  '@aws-sdk/client-sqs',
] as const;

/** The packages of the client, which also reads the deployment's parameters and the caller's identity. */
export const CLIENT_SDK = [...FUNCTION_SDK, '@aws-sdk/client-ssm', '@aws-sdk/client-sts'] as const;
