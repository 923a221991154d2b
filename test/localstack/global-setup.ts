/** Before the tests that need LocalStack: an endpoint must answer. */
export const setup = async (): Promise<void> => {
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  if (endpoint === undefined) throw new Error('No LocalStack: set AWS_ENDPOINT_URL.');
  await fetch(`${endpoint}/_localstack/health`);
};
