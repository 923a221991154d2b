import { ContractError } from '../contract/errors.ts';
import type { Reach } from '../client/connection.ts';
import type { ConsoleOptions } from './console-options.ts';
import { hostRefusal } from './hosting.ts';
import { operationsApi } from './operations-api.ts';
import { refused } from './refusal.ts';

/** A person with a session of a hosted console. */
export interface ConsoleUser {
  /** The journal names it for each operation, for example an address of mail. From 1 to 200 characters. */
  readonly principal: string;
  /** A sentence that says why this person only reads. The page shows it at each operation. @default every operation that the console may do */
  readonly readOnly?: string;
}

/**
 * Decides about each request to `/api/` and `/auth/` of a hosted console, whatever its method: returns the person, or `undefined` for a request
 * without a valid session, which is refused with 401. The page then offers `/auth/sign-in?to=PATH`. A returned `Response` is sent as it is: the
 * redirects, cookies and forms of a sign-in under `/auth/`. `request.url` has the address that the browser has used. The header `authorization`
 * is that of CloudFront, so a session needs a cookie. If it throws, the request is refused with 500, and the error is logged.
 */
export type ConsoleAuthorizer = (request: Request) => ConsoleUser | Response | undefined | Promise<ConsoleUser | Response | undefined>;

export interface HostedConsole {
  /** Called for each person's request. Its error is answered, so it may try again at the next call. */
  readonly reach: () => Promise<Reach>;
  readonly options: ConsoleOptions;
  readonly authorize: ConsoleAuthorizer;
  /** Takes the error of an authorizer. */
  readonly log: (error: unknown) => void;
}

const SIGN_IN = '/auth/sign-in';
const PRINCIPAL_LENGTH_MAX = 200;

/**
 * The operations API for browsers anywhere, behind the user's authorizer:
 *
 * A1 No request reaches the API without a person that the authorizer has named. An authorizer that throws or returns anything else refuses.
 * A2 A request to the API of a page of another origin is refused before the authorizer sees it, because the browser adds the cookies of the session.
 * A3 The journal names the person, and nothing that the request says about itself.
 */
export function hostedApi({ reach, options, authorize, log }: HostedConsole): (request: Request) => Promise<Response> {
  const answer = async (request: Request, { principal, readOnly }: ConsoleUser): Promise<Response> => {
    const { ports, ...others } = await reach();
    const own = readOnly === undefined ? options : { ...options, denied: readOnly };
    return operationsApi({ ...others, ports: { ...ports, principal } }, own)(request);
  };
  return async (request) => {
    const { origin, pathname } = new URL(request.url);
    if (pathname.startsWith('/api/') && isOfAnotherOrigin(request, origin))
      return hostRefusal(403, 'A page of another origin sent the request: expected one of the console.');
    let found: unknown;
    try {
      found = await authorize(request.clone());
    } catch (error) {
      log(error);
      return hasFailed();
    }
    if (found instanceof Response) return found;
    if (found === undefined || found === null)
      return hostRefusal(401, 'You are not signed in to this console.', { remedy: 'Sign in, then open the page again.', signIn: SIGN_IN });
    if (!isUser(found)) {
      log(
        new ContractError('CONTRACT_INVALID', 'The authorizer returned neither a person with a principal, nor a Response, nor undefined.', {
          remedy: 'Return { principal }, a Response or undefined (docs/console.md).',
        }),
      );
      return hasFailed();
    }
    return answer(request, found).catch(refused);
  };
}

function hasFailed(): Response {
  return hostRefusal(500, 'The authorizer of the console has failed.', { remedy: 'Read the log of the function of the console.' });
}

/** Every browser sends `sec-fetch-site`. Another program may leave both headers out: it has no cookies of a person. */
function isOfAnotherOrigin({ headers }: Request, own: string): boolean {
  const [origin, site] = [headers.get('origin'), headers.get('sec-fetch-site')];
  return (origin !== null && origin !== own) || (site !== null && site !== 'same-origin' && site !== 'none');
}

function isUser(value: unknown): value is ConsoleUser {
  if (typeof value !== 'object' || value === null) return false;
  const { principal, readOnly } = value as Partial<Record<keyof ConsoleUser, unknown>>;
  const isNamed = typeof principal === 'string' && principal.trim() !== '' && principal.length <= PRINCIPAL_LENGTH_MAX;
  return isNamed && (readOnly === undefined || (typeof readOnly === 'string' && readOnly !== ''));
}
