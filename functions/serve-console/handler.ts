import { gzipSync } from 'node:zlib';
import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { ADDRESS_HEADER, REQUEST_BYTES_MAX, hostRefusal } from '../../lib/console/hosting.ts';

/** Lambda returns at most 6 MB, in base64. */
const RESULT_BYTES_MAX = 4_400_000;
/** Below this, gzip saves less than its header costs. */
const ZIPPED_BYTES_MIN = 1_000;

type Handler = (event: LambdaFunctionURLEvent) => Promise<Exclude<LambdaFunctionURLResult, string>>;

/** Serves the operations API behind a function URL. In: an HTTP request. Out: its response, in gzip if the browser reads it. */
export function makeHandler(api: (request: Request) => Promise<Response>): Handler {
  return async (event) => {
    const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
    const isZipped = /\bgzip\b/.test(event.headers['accept-encoding'] ?? '');
    if (body.length > REQUEST_BYTES_MAX)
      return resultOf(hostRefusal(413, `The request has more than ${REQUEST_BYTES_MAX} bytes.`), isZipped);
    const request = requestOf(event, body);
    if (request === undefined) return resultOf(hostRefusal(403, 'The request has no valid address.'), isZipped);
    return resultOf(await api(request), isZipped);
  };
}

/** Undefined if the address or the method is none of HTTP. */
function requestOf(
  { headers, cookies, rawPath, rawQueryString, requestContext }: LambdaFunctionURLEvent,
  body: Buffer,
): Request | undefined {
  const { domainName, http } = requestContext;
  const address = headers[ADDRESS_HEADER] ?? `https://${domainName}${rawPath}${rawQueryString === '' ? '' : `?${rawQueryString}`}`;
  const given = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || name === ADDRESS_HEADER || name === 'cookie' ? [] : [[name, value] as [string, string]],
  );
  // Lambda takes the cookies out of the headers.
  const cookie = cookies?.join('; ') ?? headers['cookie'];
  if (cookie !== undefined && cookie !== '') given.push(['cookie', cookie]);
  const isRead = http.method === 'GET' || http.method === 'HEAD';
  try {
    return new Request(address, { method: http.method, headers: given, ...(isRead ? {} : { body: new Uint8Array(body) }) });
  } catch {
    return undefined;
  }
}

async function resultOf(response: Response, isZipped: boolean): Promise<Exclude<LambdaFunctionURLResult, string>> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const isSmaller = isZipped && bytes.length >= ZIPPED_BYTES_MIN && !response.headers.has('content-encoding');
  const body = isSmaller ? gzipSync(bytes) : bytes;
  if (body.length > RESULT_BYTES_MAX)
    return resultOf(
      hostRefusal(413, `The response has ${body.length} bytes: Lambda returns at most ${RESULT_BYTES_MAX}.`, {
        remedy: 'Ask for fewer rows with limit, or run tutti console --stack on your own machine.',
      }),
      isZipped,
    );
  const { 'set-cookie': _cookies, ...headers } = Object.fromEntries(response.headers);
  return {
    statusCode: response.status,
    headers: { ...headers, vary: 'accept-encoding', ...(isSmaller && { 'content-encoding': 'gzip' }) },
    cookies: response.headers.getSetCookie(),
    body: body.toString('base64'),
    isBase64Encoded: true,
  };
}
