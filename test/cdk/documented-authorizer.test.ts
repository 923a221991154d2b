import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ConsoleAuthorizer } from 'tutti/cdk';

// The authorizer of docs/console.md, over a provider of OpenID Connect and a Parameter Store in this process.

const CONSOLE = 'https://console.example';
let claims: object = {};
const tokenForms: string[] = [];
const provider = createServer((request, response) => {
  const own = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const answers: Readonly<Record<string, () => object>> = {
      '/.well-known/openid-configuration': () => ({ authorization_endpoint: `${own}/authorize`, token_endpoint: `${own}/token` }),
      '/token': () => {
        tokenForms.push(body);
        return { id_token: `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x` };
      },
      '/': () => ({ Parameter: { Value: 'a secret' } }),
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answers[request.url ?? '']?.()));
  });
});
let authorize: ConsoleAuthorizer;

beforeAll(async () => {
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  for (const [name, value] of Object.entries({
    ISSUER: url,
    CLIENT: 'trips-console',
    SECRET: '/console/secret',
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  }))
    vi.stubEnv(name, value);
  ({ authorize } = await import('./documented/authorizer.ts'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  provider.closeAllConnections();
  provider.close();
});

const ask = async (path: string, cookie = ''): Promise<Response> =>
  (await authorize(new Request(`${CONSOLE}${path}`, { headers: { cookie } }))) as Response;
const cookieOf = (response: Response): string => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
const signIn = async (to: string): Promise<Response> => {
  const begun = await ask(`/auth/sign-in?to=${encodeURIComponent(to)}`);
  const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state');
  return ask(`/auth/callback?code=c-1&state=${state}`, cookieOf(begun));
};
const personOf = async (cookie: string): Promise<unknown> =>
  authorize(new Request(`${CONSOLE}/api/system`, { headers: { cookie: `other=1; ${cookie}` } }));

describe('the authorizer of docs/console.md', () => {
  test('a person signs in at the provider and comes back to the view', async () => {
    claims = { email: 'ada@ops.example.com', email_verified: true };
    const begun = await ask('/auth/sign-in?to=%2Fi%2Fbook-trip%2Fcart-4');
    const asked = new URL(begun.headers.get('location') ?? '');
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      client_id: 'trips-console',
      redirect_uri: `${CONSOLE}/auth/callback`,
      response_type: 'code',
    });
    const back = await signIn('/i/book-trip/cart-4');
    expect([back.status, back.headers.get('location')]).toEqual([303, `${CONSOLE}/i/book-trip/cart-4`]);
    expect(Object.fromEntries(new URLSearchParams(tokenForms.at(-1)))).toMatchObject({ code: 'c-1', client_secret: 'a secret' });
    expect(back.headers.getSetCookie()[0]).toMatch(/^__Host-person=.*; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    expect(await personOf(cookieOf(back))).toEqual({ principal: 'ada@ops.example.com' });
  });

  test('a person of another team only reads', async () => {
    claims = { email: 'ria@example.com', email_verified: true };
    expect(await personOf(cookieOf(await signIn('/')))).toMatchObject({ principal: 'ria@example.com', readOnly: expect.any(String) });
  });

  test('no address of another site is gone to after the sign-in', async () => {
    claims = { email: 'ada@ops.example.com', email_verified: true };
    for (const to of ['https://attacker.example/', '//attacker.example']) expect((await signIn(to)).headers.get('location')).toBe(CONSOLE);
  });

  test('an address that the provider has not verified is refused', async () => {
    claims = { email: 'eve@ops.example.com', email_verified: false };
    expect((await signIn('/')).status).toBe(403);
  });

  test('a callback that this browser has not begun is refused', async () => {
    expect((await ask('/auth/callback?code=c-1&state=x')).status).toBe(400);
    const begun = await ask('/auth/sign-in');
    expect((await ask('/auth/callback?code=c-1&state=x', cookieOf(begun))).status).toBe(400);
  });

  test.each([
    ['no cookie', () => ''],
    ['a changed cookie', (own: string) => own.replace('__Host-person=', '__Host-person=x')],
    ['a cookie without a signature', (own: string) => own.split('.')[0] as string],
    ['the cookie of a sign-in that has begun', (_: string, state: string) => state.replace('state', 'person')],
  ])('%s is no session', async (_, cookie) => {
    claims = { email: 'ada@ops.example.com', email_verified: true };
    const own = cookieOf(await signIn('/'));
    expect(await personOf(cookie(own, cookieOf(await ask('/auth/sign-in'))))).toBeUndefined();
  });

  test('a session ends after eight hours', async () => {
    claims = { email: 'ada@ops.example.com', email_verified: true };
    const own = cookieOf(await signIn('/'));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8 * 3_600_000 + 1 });
    expect(await personOf(own)).toBeUndefined();
    vi.useRealTimers();
  });
});
