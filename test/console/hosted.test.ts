import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConsoleAuthorizer } from 'tutti/cdk';
import { hostedApi } from '../../lib/console/hosted-api.ts';
import type { InstanceView, RefusalView, SystemView } from '../../lib/console/views.ts';
import { approval } from '../client/shop-orders.ts';
import { reachedConsole, type ReachedConsole } from './reached-console.ts';

const HOST = 'https://console.example';
const PLACE = { place: 'the stack shop', option: '--stack shop' };

let shop: ReachedConsole;

beforeAll(async () => {
  shop = await reachedConsole();
  await shop.client.start(approval, { item: 'a chair' }, { id: 'a-1' });
});
afterAll(() => shop.close());

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

const errors: unknown[] = [];

const ask = async (authorize: ConsoleAuthorizer, path: string, init: RequestInit = {}): Promise<Asked> => {
  const api = hostedApi({ reach: async () => shop.reach, options: PLACE, authorize, log: (error) => void errors.push(error) });
  const response = await api(new Request(`${HOST}${path}`, init));
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
};

const json = (body: object, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

const ada: ConsoleAuthorizer = () => ({ principal: 'ada@example.com' });
const codeOf = ({ body }: Asked): string => (body as RefusalView).error.code;

describe('a hosted console', () => {
  test('the journal names the person that the authorizer has named, whatever the request says about itself', async () => {
    const asked = await ask(ada, '/api/instances/approval/a-1/pause', json({ reason: 'a look' }, { 'x-principal': 'eve@example.com' }));
    expect(asked.status).toBe(200);
    expect((await ask(ada, '/api/system')).body).toMatchObject({ principal: 'ada@example.com', acts: { pause: { allowed: true } } });
    const { body } = await shop.get<InstanceView>('/api/instances/approval/a-1');
    expect(JSON.stringify(body)).toContain('ada@example.com');
    expect(JSON.stringify(body)).not.toContain('eve@example.com');
    expect((await ask(ada, '/api/instances/approval/a-1/resume', json({ reason: 'seen' }))).status).toBe(200);
  });

  test('without a session a request is refused with the place of the sign-in, and reaches nothing', async () => {
    const asked = await ask(() => undefined, '/api/instances/approval/a-1/cancel', json({ reason: 'mine now' }));
    expect(asked).toMatchObject({ status: 401, body: { error: { code: 'DENIED', signIn: '/auth/sign-in' } } });
    expect((await shop.client.describe(approval, 'a-1')).status).toBe('running');
  });

  test('a response of the authorizer is sent as it is', async () => {
    const signIn: ConsoleAuthorizer = (request) =>
      new Response(null, { status: 303, headers: { location: new URL(request.url).searchParams.get('to') ?? '/', 'set-cookie': 's=1' } });
    const asked = await ask(signIn, '/auth/sign-in?to=%2Fi%2Fapproval%2Fa-1');
    expect([asked.status, asked.headers.get('location'), asked.headers.getSetCookie()]).toEqual([303, '/i/approval/a-1', ['s=1']]);
  });

  test('a person that only reads sees why, and no operation is done', async () => {
    const reader: ConsoleAuthorizer = () => ({ principal: 'ria@example.com', readOnly: 'You are not on call.' });
    expect((await ask(reader, '/api/instances')).status).toBe(200);
    const { acts } = (await ask(reader, '/api/system')).body as SystemView;
    expect(Object.values(acts).every(({ allowed, why }) => !allowed && why === 'You are not on call.')).toBe(true);
    const asked = await ask(reader, '/api/instances/approval/a-1/cancel', json({ reason: 'x' }));
    expect(asked).toMatchObject({ status: 403, body: { error: { code: 'DENIED', message: 'You are not on call.' } } });
    expect((asked.body as RefusalView).error.grant).toBeUndefined();
    expect((await ask(ada, '/api/system')).body).toMatchObject({ acts: { cancel: { allowed: true } } });
  });

  test.each([
    ['throws', () => Promise.reject(new Error('secret of the provider'))],
    ['returns a person without a name', () => ({ principal: ' ' })],
    ['returns a name of more than 200 characters', () => ({ principal: 'x'.repeat(201) })],
    ['returns true', () => true as never],
    ['returns an empty reason', () => ({ principal: 'ada', readOnly: '' })],
  ] satisfies readonly (readonly [string, ConsoleAuthorizer])[])(
    'an authorizer that %s refuses, and its error is logged only',
    async (_, authorize) => {
      errors.length = 0;
      const asked = await ask(authorize, '/api/instances');
      expect([asked.status, codeOf(asked)]).toEqual([500, 'INTERNAL']);
      expect(JSON.stringify(asked.body)).not.toContain('secret');
      expect(errors).toHaveLength(1);
    },
  );

  test.each([
    ['of another origin', { origin: 'https://attacker.example' }],
    ['of another site, as the browser says', { 'sec-fetch-site': 'cross-site' }],
    ['of a neighbour domain', { 'sec-fetch-site': 'same-site' }],
    ['of a page without an origin', { origin: 'null' }],
  ])('a request of a page %s is refused before the authorizer sees its cookies', async (_, headers) => {
    let seen = 0;
    const counting: ConsoleAuthorizer = () => ({ principal: `ada ${(seen += 1)}` });
    const asked = await ask(counting, '/api/instances/approval/a-1/cancel', json({ reason: 'x' }, headers));
    expect([asked.status, seen]).toEqual([403, 0]);
  });

  test('a redirect of a provider to /auth/ comes from another site, and reaches the authorizer', async () => {
    const signIn: ConsoleAuthorizer = () => new Response(null, { status: 303, headers: { location: '/' } });
    expect((await ask(signIn, '/auth/callback?code=1', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(303);
  });

  test('the authorizer may read the body, which the API reads too', async () => {
    const reading: ConsoleAuthorizer = async (request) => ({ principal: (await request.text()).includes('reason') ? 'read' : 'unread' });
    const asked = await ask(reading, '/api/instances/approval/a-1/pause', json({ reason: 'both' }));
    expect(asked.status).toBe(200);
    expect((await ask(ada, '/api/instances/approval/a-1/resume', json({ reason: 'seen' }))).status).toBe(200);
  });

  test('a system that cannot be reached is an answer to a person with a session, and is tried again', async () => {
    let tries = 0;
    const api = hostedApi({
      reach: async () => {
        if ((tries += 1) === 1) throw new TypeError('no parameters yet');
        return shop.reach;
      },
      options: PLACE,
      authorize: ada,
      log: () => {},
    });
    const statuses = [await api(new Request(`${HOST}/api/instances`)), await api(new Request(`${HOST}/api/instances`))].map(
      ({ status }) => status,
    );
    expect(statuses).toEqual([500, 200]);
  });
});
