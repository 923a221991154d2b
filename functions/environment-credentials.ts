import { textVariable } from '../lib/adapters/aws/environment.ts';

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const EXPECTED = "the credentials of the function's role, which Lambda sets";

/**
 * The credentials provider of the SDK's clients in a deployed function; it replaces the SDK's own chain of providers. Lambda puts the
 * credentials of the function's role into the environment, and they are valid for longer than the environment lives.
 */
export function defaultProvider(): () => Promise<Credentials> {
  return async () => {
    const sessionToken = process.env['AWS_SESSION_TOKEN'];
    return {
      accessKeyId: textVariable(process.env, 'AWS_ACCESS_KEY_ID', EXPECTED),
      secretAccessKey: textVariable(process.env, 'AWS_SECRET_ACCESS_KEY', EXPECTED),
      ...(sessionToken !== undefined && { sessionToken }),
    };
  };
}
