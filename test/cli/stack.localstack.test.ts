import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostDeployment, type HostedDeployment } from '../client/hosted-deployment.ts';
import { tryUntil } from '../client/reached-shop.ts';
import { RunningTutti, SEATS, tutti, tuttiIn } from './command-line.ts';
import type { InstancesView, InstanceView, ServicesView, SystemView } from '../../lib/console/views.ts';
import { seats, services } from './seats.ts';

let deployment: HostedDeployment;
let where: readonly string[];

beforeAll(async () => {
  deployment = await hostDeployment(seats, services);
  where = ['--stack', deployment.name, '--region', 'us-east-1'];
});
afterAll(() => deployment.close());

const seat = (id: string, wanted: string): string => JSON.stringify({ id, seat: wanted });

test('the command line starts, lists, explains, signals and reads an instance of a deployed system without its code', async () => {
  const started = await tutti('start', 'book-seat', seat('s-1', 'on hold'), ...where);
  expect(started).toMatchObject({ code: 0, stdout: expect.stringMatching(/^s-1 [\w-]{22}\n$/), stderr: '' });
  await tryUntil(async () => {
    const why = await tutti('why', 'book-seat', 's-1', ...where);
    expect(why).toMatchObject({ code: 0, stdout: 'book-seat s-1 waits for the event seats.confirmed\n' });
  });
  const listed = await tutti('list', '--process', 'book-seat', '--status', 'running', '--json', ...where);
  expect(JSON.parse(listed.stdout)).toMatchObject({ process: 'book-seat', id: 's-1', status: 'running' });
  expect(await tutti('replay', SEATS, '--open', ...where)).toMatchObject({ code: 0, stdout: expect.stringContaining('book-seat s-1') });
  const followed = new RunningTutti('show', 'book-seat', 's-1', '--follow', ...where);
  await followed.line(/desk\.book completed/);
  const signalled = await tutti('signal', 'book-seat', 's-1', 'seats.confirmed', '{"id":"s-1"}', ...where);
  expect(signalled).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\w{26}\n$/) });
  await followed.line(/completed {"number":7}/);
});

test('console --stack serves the deployed system to a browser of this machine, and operates it as the caller', async () => {
  await tutti('start', 'book-seat', seat('s-7', 'on hold'), ...where);
  const serving = new RunningTutti('console', ...where);
  const { origin, hash } = new URL(/http:\S+/.exec(await serving.line(/is at http/))?.[0] ?? '');
  const ask = async (path: string, body?: object): Promise<Response> =>
    fetch(`${origin}/api${path}`, {
      headers: { authorization: `Bearer ${hash.slice('#token='.length)}`, 'content-type': 'application/json' },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
  const read = async <T>(path: string): Promise<T> => (await (await ask(path)).json()) as T;
  expect(await read<SystemView>('/system')).toMatchObject({
    name: 'seats',
    option: where.join(' '),
    principal: expect.stringMatching(/^arn:aws:/),
    live: 'poll',
  });
  await tryUntil(async () => {
    const { instances } = await read<InstancesView>(`/instances?where=${encodeURIComponent('process:book-seat id:s-7 status:running')}`);
    expect(instances.map(({ id }) => id)).toEqual(['s-7']);
  });
  expect((await read<ServicesView>('/services')).services).toContainEqual(
    expect.objectContaining({ name: 'desk', queued: expect.any(Number) }),
  );
  expect((await ask('/instances/book-seat/s-7/cancel', { reason: 'seen in the page' })).status).toBe(200);
  await tryUntil(async () => expect(await read<InstanceView>('/instances/book-seat/s-7')).toMatchObject({ status: 'cancelled' }));
  expect(JSON.stringify(await read('/instances/book-seat/s-7/journal'))).toContain('seen in the page');
  expect((await fetch(`${origin}/api/system`)).status).toBe(401);
});

test('start --wait prints the result of a deployed process, and exits 1 if the process fails', async () => {
  const [booked, taken] = await Promise.all([
    tutti('start', 'book-seat', seat('s-2', '12A'), '--wait', ...where),
    tutti('start', 'book-seat', seat('s-3', 'taken'), '--wait', ...where),
  ]);
  expect(booked).toMatchObject({ code: 0, stdout: '{"number":3}\n' });
  expect(taken).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('desk.book failed with Taken {"seat":"taken"}') });
});

test('the orchestrator refuses input that the contract does not allow, and the command line prints the reason', async () => {
  const refused = await tutti('start', 'book-seat', '{"id":"s-4","seat":12}', ...where);
  expect(refused).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/DATA_INVALID: book-seat was started with seat: /),
  });
});

test('cancel ends an instance, which then cannot be resumed, and journals the ARN of the caller', async () => {
  await tutti('start', 'book-seat', seat('s-5', 'on hold'), ...where);
  const cancelled = await tutti('cancel', 'book-seat', 's-5', '--reason', 'changed plans', '--json', ...where);
  expect(cancelled.code).toBe(0);
  await tryUntil(async () => {
    const { stdout } = await tutti('show', 'book-seat', 's-5', ...where);
    expect(stdout).toMatch(/cancel requested by arn:aws:\S+: changed plans/);
  });
  expect(await tutti('resume', 'book-seat', 's-5', ...where)).toMatchObject({ code: 1, stderr: expect.stringContaining('CLOSED') });
});

test('the exit code is 3 for an unknown system, process or instance, 4 if AWS is unreachable, 2 for wrong usage', async () => {
  const closed = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
  const [noStack, noProcess, noInstance, unreachable, both, alone] = await Promise.all([
    tutti('list', '--stack', 'nobody-deployed-this'),
    tutti('start', 'no-such', '{}', ...where),
    tutti('why', 'book-seat', 'none', ...where),
    tuttiIn(closed, 'list', ...where),
    tutti('list', '--local', '.tutti', ...where),
    tutti('list', '--region', 'us-east-1'),
  ]);
  expect(noStack).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('cdk deploy') });
  expect(noProcess).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('expected one of book-seat') });
  expect(noInstance).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('NOT_FOUND') });
  expect(unreachable).toMatchObject({ code: 4, stdout: '', stderr: expect.stringContaining('UNREACHABLE') });
  expect(both).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--local') });
  expect(alone).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--stack') });
});
