export { aws } from './aws.ts';
export type { AwsOptions } from './aws-options.ts';
export type { Client } from './client.ts';
export { connect } from './connect.ts';
export type { Connection } from './connection.ts';
export type { Description, Status, Summary } from './describe.ts';
export type { StepOutcome, UndeclaredFailure } from './resolve.ts';
export type { Unresolved } from './unresolved.ts';
export type { OnOpen } from './start.ts';
