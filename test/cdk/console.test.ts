import { runInNewContext } from 'node:vm';
import type { Stack } from 'aws-cdk-lib/core';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { describe, expect, test } from 'vitest';
import { CheckoutTravelCart } from '../../examples/travel-booking/contracts.ts';
import { Console, type ConsoleProps } from '../../lib/cdk/console.ts';
import { Orchestrator } from '../../lib/cdk/orchestrator.ts';
import { roleLines } from './statement-lines.ts';
import { ACCOUNT, REGION, resourcesOf, testStack, tripsOrchestrator, type Resource } from './synthesized.ts';

const consoleOf = (stack: Stack, props: Partial<ConsoleProps> = {}): Console =>
  new Console(stack, 'Console', { orchestrator: tripsOrchestrator(stack), authorizer: 'console/authorizer.ts', ...props });

const stack = testStack();
consoleOf(stack);
const resources = resourcesOf(stack);

const only = (type: string, of: readonly Resource[] = resources): Resource['properties'] => {
  const found = of.filter((each) => each.type === type);
  expect(found).toHaveLength(1);
  return (found[0] as Resource).properties;
};

interface Behavior {
  readonly PathPattern?: string;
  readonly CachePolicyId: string;
  readonly OriginRequestPolicyId?: string;
  readonly ViewerProtocolPolicy: string;
  readonly TargetOriginId: string;
  readonly FunctionAssociations: readonly { readonly EventType: string }[];
  readonly ResponseHeadersPolicyId: string;
}

interface Distributed {
  readonly DefaultCacheBehavior: Behavior;
  readonly CacheBehaviors: readonly Behavior[];
  readonly Origins: readonly { readonly Id: string; readonly OriginAccessControlId: string }[];
  readonly Aliases?: readonly string[];
  readonly ViewerCertificate?: object;
  readonly WebACLId?: string;
}

const distributed = (of: readonly Resource[] = resources): Distributed =>
  only('AWS::CloudFront::Distribution', of)['DistributionConfig'] as Distributed;

describe('the Console', () => {
  test('only its distribution calls the function, by a signed request to its URL', () => {
    expect(only('AWS::Lambda::Url')['AuthType']).toBe('AWS_IAM');
    const permissions = resources.filter(
      ({ type, properties }) => type === 'AWS::Lambda::Permission' && String(properties['FunctionName']).startsWith('Console'),
    );
    const distribution = resources.find(({ type }) => type === 'AWS::CloudFront::Distribution')?.id;
    expect(
      permissions.map(({ properties: { Action, Principal, SourceArn, InvokedViaFunctionUrl } }) => [
        Action,
        Principal,
        SourceArn,
        InvokedViaFunctionUrl,
      ]),
    ).toEqual(
      // Since October 2025 a function URL needs both ("Control access to Lambda function URLs").
      [
        ['lambda:InvokeFunctionUrl', undefined],
        ['lambda:InvokeFunction', true],
      ].map(([action, viaUrl]) => [
        action,
        'cloudfront.amazonaws.com',
        `arn:aws:cloudfront::${ACCOUNT}:distribution/${distribution}`,
        viaUrl,
      ]),
    );
    const control = resources
      .filter(({ type }) => type === 'AWS::CloudFront::OriginAccessControl')
      .map(({ properties }) => properties['OriginAccessControlConfig']);
    expect(control).toEqual(
      ['s3', 'lambda'].map((kind) =>
        expect.objectContaining({ OriginAccessControlOriginType: kind, SigningBehavior: 'always', SigningProtocol: 'sigv4' }),
      ),
    );
    expect(distributed().Origins.every(({ OriginAccessControlId }) => OriginAccessControlId !== undefined)).toBe(true);
  });

  test('only its distribution reads the files of the page, and its bucket is private', () => {
    const bucket = resources.find(({ type, id }) => type === 'AWS::S3::Bucket' && id.startsWith('ConsolePages'));
    expect(bucket?.properties['PublicAccessBlockConfiguration']).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    const policy = resources.find(({ type, properties }) => type === 'AWS::S3::BucketPolicy' && properties['Bucket'] === bucket?.id);
    const { Statement: statements } = (policy as Resource).properties['PolicyDocument'] as {
      readonly Statement: readonly { readonly Effect: string }[];
    };
    expect(statements.filter(({ Effect }) => Effect === 'Allow')).toEqual([
      expect.objectContaining({ Action: 's3:GetObject', Principal: { Service: 'cloudfront.amazonaws.com' } }),
    ]);
  });

  test('nothing of the function is cached, and it gets all of a request but the host', () => {
    const { DefaultCacheBehavior: page, CacheBehaviors: behaviors } = distributed();
    expect(behaviors.map(({ PathPattern }) => PathPattern)).toEqual(['/api/*', '/auth/*']);
    for (const behavior of behaviors) {
      expect(behavior).toMatchObject({
        // The managed policies CachingDisabled and AllViewerExceptHostHeader.
        CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
        OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
        ViewerProtocolPolicy: 'https-only',
      });
      expect(behavior.TargetOriginId).not.toBe(page.TargetOriginId);
    }
    for (const behavior of [page, ...behaviors]) {
      expect(behavior.FunctionAssociations.map(({ EventType }) => EventType)).toEqual(['viewer-request']);
      expect(behavior.ResponseHeadersPolicyId).toBe(page.ResponseHeadersPolicyId);
    }
  });

  test('every response has the headers of the local console, and only a sign-in may set a policy of its own', () => {
    const config = only('AWS::CloudFront::ResponseHeadersPolicy')['ResponseHeadersPolicyConfig'];
    expect(config).toMatchObject({
      SecurityHeadersConfig: {
        ContentSecurityPolicy: { ContentSecurityPolicy: expect.stringMatching(/^default-src 'none'; script-src 'self';/), Override: false },
        ContentTypeOptions: { Override: true },
        FrameOptions: { FrameOption: 'DENY' },
        ReferrerPolicy: { ReferrerPolicy: 'no-referrer' },
        StrictTransportSecurity: { AccessControlMaxAgeSec: 31_536_000 },
      },
      CustomHeadersConfig: {
        Items: [
          { Header: 'cross-origin-opener-policy', Value: 'same-origin' },
          { Header: 'cross-origin-resource-policy', Value: 'same-origin' },
        ],
      },
    });
  });

  test('a browser keeps the assets, and asks whether the page has changed', () => {
    const deployed = resources
      .filter(({ type }) => type === 'Custom::CDKBucketDeployment')
      .map(({ properties }) => [properties['DestinationBucketKeyPrefix'], properties['SystemMetadata'], properties['Prune']]);
    expect(deployed).toEqual([
      ['assets', { 'cache-control': 'public, max-age=31536000, immutable' }, false],
      [undefined, { 'cache-control': 'no-cache' }, false],
    ]);
  });
});

describe('the routes of the distribution', () => {
  interface Routed {
    uri: string;
    querystring?: object;
    headers: Record<string, { value: string }>;
    rawQueryString?: () => string | undefined;
  }
  const { FunctionCode: code } = only('AWS::CloudFront::Function') as { readonly FunctionCode: string };
  const handler = runInNewContext(`${code}; handler`) as (event: { readonly request: Routed }) => Routed;
  const route = (uri: string, query?: string, headers: Routed['headers'] = {}): Routed =>
    handler({
      request: { uri, querystring: { x: {} }, headers: { host: { value: 'console.example' }, ...headers }, rawQueryString: () => query },
    });

  test.each([
    ['/', '/index.html'],
    ['/i/book-trip/cart-4', '/index.html'],
    ['/i/book-trip/a.js', '/index.html'],
    ['/index.html', '/index.html'],
    ['/assets/main-1.js', '/assets/main-1.js'],
    ['/apiary', '/index.html'],
  ])('%s is answered with %s of the bucket', (uri, file) => {
    const routed = route(uri, 'q=1');
    expect(routed.uri).toBe(file);
    expect(routed.headers).toEqual({ host: { value: 'console.example' } });
  });

  test('an address of the API is passed in a header with its escapes, and the path that is signed has none', () => {
    const routed = route('/api/instances/book-trip/a%2Fb%20c', 'where=id%3Aa+b');
    expect([routed.uri, routed.querystring]).toEqual(['/api/', {}]);
    expect(routed.headers['x-tutti-address']).toEqual({
      value: 'https://console.example/api/instances/book-trip/a%2Fb%20c?where=id%3Aa+b',
    });
    expect(route('/auth/callback').headers['x-tutti-address']?.value).toBe('https://console.example/auth/callback');
  });

  test('a browser cannot set that header', () => {
    const routed = route('/api/system', undefined, { 'x-tutti-address': { value: 'https://attacker.example/api/system' } });
    expect(routed.headers['x-tutti-address']?.value).toBe('https://console.example/api/system');
  });
});

describe('the rights of the function of a Console', () => {
  const linesOf = (props: Partial<ConsoleProps>): readonly string[] => {
    const other = testStack();
    consoleOf(other, props);
    return roleLines(resourcesOf(other), 'ConsoleApi');
  };
  const queues = (lines: readonly string[]): readonly string[] =>
    lines.filter((line) => line.includes('on queue') && !line.includes('GetQueueAttributes'));

  test('it reads, operates and starts, and publishes nothing', () => {
    const lines = linesOf({});
    expect(queues(lines)).toEqual(['sqs:SendMessage on queue trips-operations', 'sqs:SendMessage on queue trips-starts']);
    expect(lines.join('\n')).toMatch(/sqs:GetQueueAttributes on queue trips-payments-dead-letter/);
    expect(lines.join('\n')).not.toMatch(/PutEvents|UpdateItem|PutItem/);
  });

  test('with events it publishes these', () => {
    expect(linesOf({ events: [CheckoutTravelCart] }).filter((line) => line.includes('PutEvents'))).toEqual([
      expect.stringContaining('each events:detail-type is trips.checkout-travel-cart'),
    ]);
  });

  test('with readOnly it only reads', () => {
    const lines = linesOf({ readOnly: true, events: [] });
    expect(queues(lines)).toEqual([]);
    expect(lines.join('\n')).not.toMatch(/SendMessage|PutEvents|PutObject|UpdateItem/);
  });
});

describe('props of a Console', () => {
  test('a domain of its own has its certificate and TLS 1.2, and a firewall is that of the user', () => {
    const other = testStack();
    const certificate = Certificate.fromCertificateArn(other, 'Certificate', `arn:aws:acm:us-east-1:${ACCOUNT}:certificate/1`);
    const webAclId = `arn:aws:wafv2:us-east-1:${ACCOUNT}:global/webacl/a/1`;
    const made = consoleOf(other, {
      domainNames: ['console.example.com'],
      certificate,
      webAclId,
      environment: { ISSUER: 'https://id.example' },
    });
    expect(made.address).toBe('https://console.example.com');
    expect(distributed(resourcesOf(other))).toMatchObject({
      Aliases: ['console.example.com'],
      ViewerCertificate: { MinimumProtocolVersion: 'TLSv1.2_2021', SslSupportMethod: 'sni-only' },
      WebACLId: webAclId,
    });
    const api = resourcesOf(other).find(({ type, id }) => type === 'AWS::Lambda::Function' && id.startsWith('ConsoleApi'));
    expect(api?.properties['Environment']).toEqual({
      Variables: { ISSUER: 'https://id.example', TUTTI_NAME: 'trips', TUTTI_REGION: REGION },
    });
  });

  test.each([
    [{ domainNames: ['console.example.com'] }, 'has domainNames or a certificate alone: expected both'],
    [{ events: [CheckoutTravelCart], readOnly: true }, 'is readOnly and has events to publish'],
    [{ environment: { TUTTI_NAME: 'other' } }, 'sets the variable TUTTI_NAME'],
  ] satisfies readonly (readonly [Partial<ConsoleProps>, string])[])('%j is refused at synth', (props, message) => {
    expect(() => consoleOf(testStack(), props)).toThrow(message);
  });

  test('an orchestrator of another stack is found, and one of another account is refused', () => {
    const near = testStack('Near');
    new Console(near, 'Console', { orchestrator: Orchestrator.fromName(near, 'Trips', 'trips'), authorizer: 'a.ts' });
    expect(roleLines(resourcesOf(near), 'ConsoleApi')).toContain('sqs:GetQueueAttributes on queue trips-*');
    const far = testStack('Far');
    const orchestrator = Orchestrator.fromName(far, 'Trips', 'trips', { account: '222222222222' });
    expect(() => new Console(far, 'Console', { orchestrator, authorizer: 'a.ts' })).toThrow(
      'The Console Far/Console is in the account 111111111111, and its orchestrator trips in 222222222222: expected the same account.',
    );
  });
});
