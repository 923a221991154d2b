import { textVariable } from '../lib/adapters/aws/environment.ts';

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const EXPECTED = "the credentials of the function's role, which Lambda sets";

/**
 * What the SDK's clients get their credentials from in a deployed function, in the place of the SDK's own chain of providers:
 * Lambda puts those of the function's role into the environment, and they outlive it.
 */
export const defaultProvider = (): (() => Promise<Credentials>) => async () => {
  const sessionToken = process.env['AWS_SESSION_TOKEN'];
  return {
    accessKeyId: textVariable(process.env, 'AWS_ACCESS_KEY_ID', EXPECTED),
    secretAccessKey: textVariable(process.env, 'AWS_SECRET_ACCESS_KEY', EXPECTED),
    ...(sessionToken !== undefined && { sessionToken }),
  };
};
