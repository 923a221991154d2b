import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** The part of a client of the SDK that signs its requests. */
export type SigningClient = { readonly config: Pick<DynamoDBClient['config'], 'signer' | 'region'> };

interface SignedRequest {
  readonly url: URL;
  readonly body: string;
}

/**
 * Signs POST requests with a JSON body to an endpoint for which the SDK has no client, such as that of CloudWatch for traces. It uses the signer,
 * the credentials and the region of a client that is there anyway, so no further code is loaded. Returns the headers that prove the signature.
 */
export function requestSigner(
  { config }: SigningClient,
  service: string,
): (request: SignedRequest) => Promise<Readonly<Record<string, string>>> {
  return async ({ url, body }) => {
    const region = await config.region();
    const signer = await config.signer({ name: 'sigv4', signingName: service, signingRegion: region, properties: {} });
    const { hostname, host, pathname: path, protocol } = url;
    const headers = { host, 'content-type': 'application/json' };
    // A client keeps the service that it has signed for first, so each request names its own.
    const signed = await signer.sign(
      { method: 'POST', protocol, hostname, path, query: {}, headers, body },
      { signingService: service, signingRegion: region },
    );
    return Object.fromEntries(Object.entries(signed.headers).filter(([name]) => !(name in headers)));
  };
}
