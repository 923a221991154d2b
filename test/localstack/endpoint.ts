import { createServer, type AddressInfo } from 'node:net';

/** The newest release that needs no account. The image, the code on PyPI and docs/localstack.md are of this version. */
export const LOCALSTACK_VERSION = '4.14.0';

/** The account that it gives to every caller without one. */
export const LOCALSTACK_ACCOUNT = '000000000000';

/** The configuration of an AWS client for LocalStack. An address, because the SDK would put the name of a bucket into a host name. */
export const environmentOf = (endpoint: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_ENDPOINT_URL_S3: endpoint,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
});

export const endpointOf = (port: number): string => `http://127.0.0.1:${port}`;

/** Nothing of this project's tests may reach an account, so an endpoint must lie on this machine. */
export function isLoopback(endpoint: string): boolean {
  try {
    const { hostname } = new URL(endpoint);
    return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
  } catch {
    return false;
  }
}

export async function isHealthy(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(new URL('/_localstack/health', endpoint), { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

/** A port on which nothing listens at this moment. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
