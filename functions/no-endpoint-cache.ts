/**
 * The cache of endpoint discovery of the DynamoDB client; it replaces the SDK's own one, which has 8 KB. Discovery is off unless the environment
 * of the function has `AWS_ENABLE_ENDPOINT_DISCOVERY`, which no construct sets. With it, the client asks for an endpoint at each call, and
 * uses the endpoint of the region if it gets none.
 */
export class EndpointCache {
  getEndpoint(): undefined {
    return undefined;
  }

  get(): undefined {
    return undefined;
  }

  set(): void {
    // Nothing is kept.
  }

  delete(): void {
    // Nothing is kept.
  }

  has(): boolean {
    return false;
  }

  clear(): void {
    // Nothing is kept.
  }
}
