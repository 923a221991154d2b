import { ClientError, isOrchestratorError } from '../../contract/errors.ts';

/** Names of AWS errors for a caller without the right, or with unknown or expired credentials. */
const DENIED =
  /AccessDenied|Unauthorized|NotAuthorized|Forbidden|ExpiredToken|InvalidClientTokenId|InvalidAccessKeyId|UnrecognizedClient|SignatureDoesNotMatch|InvalidSignature|MissingAuthenticationToken|IncompleteSignature|OptInRequired|CredentialsProviderError|TokenProviderError/;
const GONE = /ResourceNotFound|QueueDoesNotExist|NonExistentQueue|NoSuchBucket|ParameterNotFound/;

interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $fault?: unknown;
  readonly code?: unknown;
}

/** Translates an error of the AWS SDK into a `ClientError`. Returns any other error unchanged. `doing` names the call for the message. */
export function awsError(error: unknown, doing: string): unknown {
  if (!(error instanceof Error) || isOrchestratorError(error)) return error;
  const { name, message, $metadata, $fault, code } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  const text = `${doing} failed with ${name}: ${message.replace(/\.?$/, '.')}`;
  if (DENIED.test(name) || status === 401 || status === 403)
    return new ClientError('DENIED', text, {
      cause: error,
      remedy:
        'Use credentials of an identity that has the right, from grantStart, grantSignal, grantAnswer, grantRead or grantOperate of the orchestrator.',
    });
  if (GONE.test(name))
    return new ClientError('UNREACHABLE', text, {
      cause: error,
      remedy: 'Deploy the system again: a resource that its parameters name does not exist.',
    });
  const isOfTheSdk = $metadata !== undefined || $fault !== undefined || (typeof code === 'string' && !code.startsWith('ERR_'));
  return isOfTheSdk ? new ClientError('UNREACHABLE', text, { cause: error }) : error;
}

/** Resolves with the result of `call`. Throws an error of the SDK as a `ClientError`. */
export async function overAws<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw awsError(error, doing);
  }
}
