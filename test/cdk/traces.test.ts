import { Duration } from 'aws-cdk-lib/core';
import { describe, expect, test } from 'vitest';
import type { OtlpProps } from '../../lib/cdk/orchestrator-props.ts';
import { bundleFunctions } from '../../lib/cdk/bundle/bundle.ts';
import { coldStarts } from '../../bench/cold-start.ts';
import { startCollector } from '../client/collector.ts';
import { resourcesOf, testStack, tripsOrchestrator } from './synthesized.ts';

interface Traced {
  readonly environments: readonly unknown[];
  readonly statements: readonly unknown[];
}

function deployed(otlp?: OtlpProps): Traced {
  const stack = testStack();
  tripsOrchestrator(stack, otlp && { otlp });
  const all = resourcesOf(stack);
  const variables = all
    .filter(({ type }) => type === 'AWS::Lambda::Function')
    .map(
      ({ properties }) => (properties['Environment'] as { readonly Variables: Readonly<Record<string, string>> }).Variables['TUTTI_OTLP'],
    );
  const policies = all
    .filter(({ type }) => type === 'AWS::IAM::Role')
    .flatMap(({ properties }) => properties['Policies'] as readonly { PolicyDocument: { Statement: readonly { Action: unknown }[] } }[]);
  const statements = policies
    .flatMap(({ PolicyDocument: { Statement } }) => Statement)
    .filter(({ Action }) => JSON.stringify(Action).includes('xray'));
  return { environments: variables.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as unknown])), statements };
}

describe('the prop otlp', () => {
  test('exports to CloudWatch in the region of the stack, with the one right that it needs, from advance-processes alone', () => {
    expect(deployed({ sample: 0.05, slow: Duration.minutes(2) })).toEqual({
      environments: [{ endpoint: 'https://xray.eu-west-1.AWS::URLSuffix', isCloudWatch: true, sample: 0.05, slowMs: 120_000 }],
      statements: [{ Action: 'xray:PutTraceSegments', Effect: 'Allow', Resource: '*' }],
    });
  });

  test('exports to a collector with its headers, without a further right', () => {
    const otlp = { endpoint: 'https://otlp.example.com', headers: { 'api-key': 'k' } };
    expect(deployed(otlp)).toEqual({ environments: [otlp], statements: [] });
  });

  test('changes nothing if it is left out', () => {
    expect(deployed()).toEqual({ environments: [], statements: [] });
  });

  test.each([
    [{ endpoint: 'otlp.example.com' }, 'otlp of the orchestrator is the endpoint "otlp.example.com": expected an http or https address.'],
    [{ sample: 2 }, 'otlp of the orchestrator is the sample 2: expected a number from 0 to 1.'],
  ])('%j is refused', (otlp, message) => {
    expect(() => deployed(otlp)).toThrow(message);
  });
});

describe('advance-processes', () => {
  const { folders } = bundleFunctions({ entry: 'examples/travel-booking/system.ts', system: 'trips' });
  const start = async (settings?: object): Promise<number> => {
    const variables = (): Readonly<Record<string, string>> => (settings === undefined ? {} : { TUTTI_OTLP: JSON.stringify(settings) });
    const [{ loadedBytes } = { loadedBytes: 0 }] = await coldStarts(process.execPath, folders['advance-processes'], 1, variables);
    return loadedBytes;
  };

  test('exports spans with its signature, and loads the code for it only then', async () => {
    const collector = await startCollector();
    const [without, withSpans] = [await start(), await start({ endpoint: collector.url, isCloudWatch: true })];
    expect(withSpans - without).toBeGreaterThan(5_000);
    expect(withSpans - without).toBeLessThan(40_000);
    const [request] = collector.requests;
    expect(request?.headers['authorization']).toMatch(
      /^AWS4-HMAC-SHA256 Credential=stub\/\d{8}\/eu-central-1\/xray\/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature=[0-9a-f]{64}$/,
    );
    expect(request?.spans.map(({ name }) => name)).toContain('process book-trip');
  });

  test.each([[{ endpoint: 'http://127.0.0.1:9' }], [{ endpoint: 'no address' }], ['no settings' as unknown as object]])(
    'answers its first event with the settings %j',
    async (settings) => {
      expect(await start(settings)).toBeGreaterThan(0);
    },
  );
});
