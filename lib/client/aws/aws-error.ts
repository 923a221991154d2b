import { ClientError, isOrchestratorError } from '../../contract/errors.ts';

/** What AWS says of somebody who may not do a thing, or is not known at all. */
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

/** The error of a client for an error of the AWS SDK; any other error as it is. `doing` says what was tried. */
export function awsError(error: unknown, doing: string): unknown {
  if (!(error instanceof Error) || isOrchestratorError(error)) return error;
  const { name, message, $metadata, $fault, code } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  const told = `${doing} failed with ${name}: ${message.replace(/\.?$/, '.')}`;
  if (DENIED.test(name) || status === 401 || status === 403)
    return new ClientError('DENIED', told, {
      cause: error,
      remedy:
        'Use credentials of an identity that was granted it, such as by grantStart, grantSignal, grantAnswer, grantRead or grantOperate of the orchestrator.',
    });
  if (GONE.test(name))
    return new ClientError('UNREACHABLE', told, {
      cause: error,
      remedy: 'Deploy the system again: what its parameters name is not there.',
    });
  const isOfTheSdk = $metadata !== undefined || $fault !== undefined || (typeof code === 'string' && !code.startsWith('ERR_'));
  return isOfTheSdk ? new ClientError('UNREACHABLE', told, { cause: error }) : error;
}

/** What `call` resolves to; an error of the SDK is thrown as a `ClientError`. */
export async function overAws<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw awsError(error, doing);
  }
}
