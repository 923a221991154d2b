import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { ConsoleAuthorizer } from 'tutti/cdk';

const { ISSUER = '', CLIENT = '', SECRET = '' } = process.env;
const EIGHT_HOURS = 28_800;

/** Sign-in by OpenID Connect. The provider returns to https://CONSOLE/auth/callback; its secret also signs the cookies. */
export const authorize: ConsoleAuthorizer = async (request) => {
  const { origin, pathname, searchParams } = new URL(request.url);
  const redirect = { client_id: CLIENT, redirect_uri: `${origin}/auth/callback` };
  const cookies = new Map((request.headers.get('cookie') ?? '').split('; ').map((each) => each.split('=') as [string, string]));
  if (pathname === '/auth/sign-in') {
    const state = randomBytes(16).toString('hex');
    const { authorization_endpoint: endpoint } = await provider();
    const query = new URLSearchParams({ ...redirect, state, response_type: 'code', scope: 'openid email' });
    return leave(`${endpoint}?${query.toString()}`, 'state', { state, to: searchParams.get('to') ?? '/' });
  }
  if (pathname === '/auth/callback') {
    const begun = await opened<{ readonly state: string; readonly to: string }>('state', cookies);
    if (begun === undefined || begun.state !== searchParams.get('state')) return new Response('Sign in again.', { status: 400 });
    const { token_endpoint: endpoint } = await provider();
    const form = { ...redirect, grant_type: 'authorization_code', code: searchParams.get('code') ?? '', client_secret: await secret() };
    const answer = await fetch(endpoint, { method: 'POST', body: new URLSearchParams(form) });
    if (!answer.ok) return new Response('The provider refused the sign-in.', { status: 403 });
    // It comes from the provider itself over TLS, so its signature adds nothing (OpenID Connect Core 3.1.3.7).
    const { id_token: token } = (await answer.json()) as { readonly id_token: string };
    const claims = JSON.parse(textOf(token.split('.')[1])) as { readonly email: string; readonly email_verified: boolean };
    if (!claims.email_verified) return new Response('The provider has not verified the address.', { status: 403 });
    const back = new URL(begun.to, origin);
    return leave(back.origin === origin ? back.href : origin, 'person', { email: claims.email });
  }
  const person = await opened<{ readonly email: string }>('person', cookies);
  if (person === undefined) return undefined;
  const isOperator = person.email.endsWith('@ops.example.com');
  return { principal: person.email, ...(!isOperator && { readOnly: 'Only the people of operations operate.' }) };
};

/** Redirects with a cookie that only this function can make, for eight hours. */
async function leave(location: string, name: string, value: object): Promise<Response> {
  const text = Buffer.from(JSON.stringify({ ...value, until: Date.now() + EIGHT_HOURS * 1_000 })).toString('base64url');
  const signed = `${text}.${await signatureOf(name, text)}`;
  const cookie = `__Host-${name}=${signed}; Max-Age=${EIGHT_HOURS}; Path=/; Secure; HttpOnly; SameSite=Lax`;
  return new Response(null, { status: 303, headers: { location, 'set-cookie': cookie } });
}

async function opened<T>(name: string, cookies: ReadonlyMap<string, string>): Promise<T | undefined> {
  const [text = '', signature = ''] = (cookies.get(`__Host-${name}`) ?? '').split('.');
  const [given, wanted] = [Buffer.from(signature), Buffer.from(await signatureOf(name, text))];
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
  const value = JSON.parse(textOf(text)) as T & { readonly until: number };
  return value.until > Date.now() ? value : undefined;
}

async function signatureOf(name: string, text: string): Promise<string> {
  return createHmac('sha256', await secret())
    .update(`${name}.${text}`)
    .digest('base64url');
}

function textOf(base64url = ''): string {
  return Buffer.from(base64url, 'base64url').toString();
}

const secret = once(async () => {
  const { Parameter } = await new SSMClient().send(new GetParameterCommand({ Name: SECRET, WithDecryption: true }));
  if (!Parameter?.Value) throw new Error(`The parameter ${SECRET} has no secret.`);
  return Parameter.Value;
});

const provider = once(async () => {
  const found = await fetch(`${ISSUER}/.well-known/openid-configuration`);
  return (await found.json()) as { readonly authorization_endpoint: string; readonly token_endpoint: string };
});

/** Keeps the result, and tries again after a failure. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make().catch((error: unknown) => ((made = undefined), Promise.reject(error))));
}
