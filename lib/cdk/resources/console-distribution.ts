import { Duration, Validations } from 'aws-cdk-lib/core';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { FunctionUrlOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { IFunctionUrl } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ADDRESS_HEADER, ASSETS, CONTENT_SECURITY_POLICY, ISOLATION } from '../../console/hosting.ts';
import { boundedName } from './aws-limits.ts';
import type { ConsolePages } from './console-pages.ts';

/** "Quotas on distributions": a longer wait needs a raised quota. */
export const ORIGIN_TIMEOUT = Duration.seconds(60);
const HSTS_AGE = Duration.days(365);
/** Of a function of CloudFront, and of a policy. */
const COMMENT_LENGTH_MAX = 128;

export interface ConsoleDistributionProps {
  /** Name of the deployment. */
  readonly name: string;
  readonly pages: ConsolePages;
  /** The operations API, and the sign-in of the authorizer. CloudFront signs each request to it. */
  readonly api: IFunctionUrl;
  readonly domainNames?: readonly string[] | undefined;
  readonly certificate?: ICertificate | undefined;
  readonly webAclId?: string | undefined;
}

/** The distribution of a console: its page from the bucket, `/api/` and `/auth/` from the function. Nothing of the function is cached. */
export function consoleDistribution(scope: Construct, id: string, props: ConsoleDistributionProps): Distribution {
  const { name, pages, api, domainNames, certificate, webAclId } = props;
  const comment = boundedName(`Console of the Tutti system ${name}`, COMMENT_LENGTH_MAX);
  const shared = {
    functionAssociations: [{ eventType: FunctionEventType.VIEWER_REQUEST, function: routing(scope, `${id}Routes`, comment, pages.files) }],
    responseHeadersPolicy: headers(scope, `${id}Headers`, comment),
  };
  const served: BehaviorOptions = {
    ...shared,
    origin: FunctionUrlOrigin.withOriginAccessControl(api, { readTimeout: ORIGIN_TIMEOUT }),
    viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
    allowedMethods: AllowedMethods.ALLOW_ALL,
    cachePolicy: CachePolicy.CACHING_DISABLED,
    // A function URL refuses a request with the host of another.
    originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
  };
  const distribution = new Distribution(scope, id, {
    comment,
    defaultBehavior: {
      ...shared,
      origin: S3BucketOrigin.withOriginAccessControl(pages.bucket),
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: CachePolicy.CACHING_OPTIMIZED,
    },
    additionalBehaviors: { '/api/*': served, '/auth/*': served },
    ...(domainNames && { domainNames: [...domainNames] }),
    ...(certificate && { certificate, minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021 }),
    ...(webAclId !== undefined && { webAclId }),
  });
  for (const [rule, reason] of Object.entries(ACKNOWLEDGED))
    Validations.of(distribution).acknowledge({ id: `AwsSolutions-${rule}`, reason });
  return distribution;
}

const ACKNOWLEDGED: Readonly<Record<string, string>> = {
  CFR1: 'The authorizer lets a person in; the country of the person does not matter.',
  CFR2: 'A firewall is passed as webAclId. Without a session only the files of the package are served.',
  CFR3: 'Each operation is in the journal of its instance, with the person that the authorizer has named.',
  CFR4: 'The certificate of CloudFront allows an older TLS. A domain of your own, passed as domainNames and certificate, requires TLS 1.2.',
};

/** Answers each view of the page with index.html, and passes the address of a request to the API as a header. */
function routing(scope: Construct, id: string, comment: string, files: readonly string[]): EdgeFunction {
  const code = `var files = ${JSON.stringify(files)};
function handler(event) {
  var request = event.request;
  var uri = request.uri;
  if (uri.startsWith('/api/') || uri.startsWith('/auth/')) {
    var query = request.rawQueryString();
    request.headers['${ADDRESS_HEADER}'] = { value: 'https://' + request.headers.host.value + uri + (query ? '?' + query : '') };
    request.uri = uri.startsWith('/api/') ? '/api/' : '/auth/';
    request.querystring = {};
  } else if (!uri.startsWith('/${ASSETS}/') && !files.includes(uri)) {
    request.uri = '/index.html';
  }
  return request;
}
`;
  return new EdgeFunction(scope, id, { comment, code: FunctionCode.fromInline(code), runtime: FunctionRuntime.JS_2_0 });
}

/** The headers of every response. A sign-in may set a policy of its own, for a form. */
function headers(scope: Construct, id: string, comment: string): ResponseHeadersPolicy {
  return new ResponseHeadersPolicy(scope, id, {
    comment,
    securityHeadersBehavior: {
      contentSecurityPolicy: { contentSecurityPolicy: CONTENT_SECURITY_POLICY, override: false },
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
      referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
      strictTransportSecurity: { accessControlMaxAge: HSTS_AGE, override: true },
    },
    customHeadersBehavior: {
      customHeaders: Object.entries(ISOLATION).map(([header, value]) => ({ header, value, override: true })),
    },
  });
}
