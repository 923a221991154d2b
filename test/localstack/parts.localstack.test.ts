import { aws, connect, type Client } from 'tutti/client';
import { beforeAll, describe, expect, test } from 'vitest';
import { awsReach } from '../../lib/client/aws/aws.ts';
import { operationsOn } from '../../lib/client/operations/operations-on.ts';
import type { Deployment } from './outside/deployment.ts';
import { awaitStatus, journalOf, pidOf, readHead } from './outside/head.ts';
import { deedsFor, readLedger } from './outside/ledger.ts';
import { publish } from './outside/publish.ts';
import { until } from './outside/until.ts';
import { deployed, SUITE } from './suite-deployment.ts';
import { trials } from './systems/first-edition.ts';
import { convoy, crane, ferryman, followDriver, inspection, METER_FULL, meter, taxi, TaxiCancelled, toll, wagon } from './systems/parts.ts';
import { gate, tour } from './systems/processes.ts';

// Each test has instances of its own, so they run at the same time.
let suite: Deployment;
let client: Client;
const run = Date.now().toString(36);

beforeAll(async () => {
  suite = await deployed();
  client = connect(trials, aws({ name: SUITE }));
});

describe.concurrent('the parts of Tutti in a deployed system', { timeout: 300_000 }, () => {
  test('a process waits for a child for each wagon, which names it as its parent', async () => {
    const id = `${run}-convoy`;
    await publish(suite, 'trials.convoy-planned', { id, wagons: 3 });
    expect(await client.result(convoy, id, { timeout: '2 minutes' })).toEqual({ arrived: [1, 2, 3] });
    // The command of the child has the number 1, and its id ends with it.
    const { parent, status } = await client.describe(wagon, `${id}.1`);
    expect([parent, status]).toEqual([{ process: 'convoy', id }, 'completed']);
    expect(await deedsFor(suite, pidOf('wagon', `${id}.1`))).toEqual(['guide: visit']);
  });

  test('an event reaches every instance that waits for its key, and no other', async () => {
    const [near, other] = [`${run}-near`, `${run}-other`];
    const rides = ['a', 'b'].map((each) => `${run}-${each}`);
    for (const id of rides) await publish(suite, 'trials.ride-ordered', { id, driverId: near });
    await publish(suite, 'trials.ride-ordered', { id: `${run}-c`, driverId: other });
    for (const id of [...rides, `${run}-c`]) await awaitStatus(suite, pidOf('follow-driver', id), 'running');
    await publish(suite, 'trials.driver-moved', { driverId: near, km: 1 });
    for (const id of rides) expect(await client.result(followDriver, id, { timeout: '2 minutes' })).toEqual({ driverId: near, km: 1 });
    expect((await readHead(suite, pidOf('follow-driver', `${run}-c`)))?.status).toBe('running');
    await publish(suite, 'trials.driver-moved', { driverId: other, km: 2 });
    expect(await client.result(followDriver, `${run}-c`, { timeout: '2 minutes' })).toEqual({ driverId: other, km: 2 });
  });

  test('an instance that continues as new takes each event once, whatever run it meets', async () => {
    const id = `${run}-meter`;
    await publish(suite, 'trials.meter-built', { id, sum: 0 });
    await awaitStatus(suite, pidOf('meter', id), 'running');
    await Promise.all([1, 2, 3].map((kwh) => publish(suite, 'trials.meter-read', { id, kwh })));
    expect(await client.result(meter, id, { timeout: '2 minutes' })).toEqual({ sum: METER_FULL });
  });

  test('a question gets the answer of the process', async () => {
    const id = `${run}-taxi`;
    await publish(suite, 'trials.taxi-ordered', { id });
    await awaitStatus(suite, pidOf('taxi', id), 'running');
    expect(await client.ask(taxi, id, TaxiCancelled, { id }, { timeout: '2 minutes' })).toEqual({ fee: 500 });
    await awaitStatus(suite, pidOf('taxi', id), 'completed');
  });

  test('sweep-timers stores the flow of a process, and a journal names the code of it', async () => {
    const stored = await until('the flow of taxi to be stored', () => client.flow(taxi).catch(() => undefined), { withinSeconds: 180 });
    expect(stored?.flow).toMatchObject({ process: 'taxi', unresolved: [] });
    const id = `${run}-fleet`;
    await publish(suite, 'trials.taxi-ordered', { id });
    await awaitStatus(suite, pidOf('taxi', id), 'running');
    const { entries } = await operationsOn(await awsReach({ name: SUITE })).journal({ process: 'taxi', id, payloads: false, from: 0 });
    expect(entries[0]).toMatchObject({ type: 'ProcessStarted', code: stored?.code });
  });

  test('a paused instance keeps an event until it is resumed', async () => {
    const id = `${run}-gate`;
    await publish(suite, 'trials.gate-reached', { id });
    await awaitStatus(suite, pidOf('gate', id), 'running');
    await client.pause(gate, id, 'the road is closed');
    await publish(suite, 'trials.gate-opened', { id, by: 'porter' });
    await until(`the event to be kept beside ${id}`, async () => Object.keys((await client.describe(gate, id)).parked).length > 0);
    await client.resume(gate, id);
    expect(await client.result(gate, id, { timeout: '2 minutes' })).toEqual({ by: 'porter' });
  });

  test('of two starts of one key the second waits in order, and begins when the first has ended', async () => {
    const [first, second] = [`${run}-crane-1`, `${run}-crane-2`];
    const yard = `${run}-yard`;
    expect(await client.start(crane, { id: first, yard }, { id: first })).toMatchObject({ started: true });
    expect(await client.start(crane, { id: second, yard }, { id: second })).toMatchObject({ started: false, position: 1 });
    await publish(suite, 'trials.crane-freed', { id: first });
    expect(await client.result(crane, first, { timeout: '2 minutes' })).toEqual({ yard });
    await awaitStatus(suite, pidOf('crane', second), 'running');
    await publish(suite, 'trials.crane-freed', { id: second });
    expect(await client.result(crane, second, { timeout: '2 minutes' })).toEqual({ yard });
  });

  test('a running instance moves to another version, which replays its journal and goes on', async () => {
    const id = `${run}-toll`;
    await publish(suite, 'trials.toll-reached', { id });
    await awaitStatus(suite, pidOf('toll', id), 'running');
    await client.move(toll, id, { version: 1, reason: 'the old tariff' });
    await publish(suite, 'trials.toll-paid', { id });
    expect(await client.result(toll, id, { timeout: '2 minutes' })).toEqual({ version: 1 });
  });

  test('a fork goes on from a step of an instance that has ended, and does again only what follows', async () => {
    const id = `${run}-tour`;
    await publish(suite, 'trials.tour-booked', { id, stops: 2 });
    const original = await client.result(tour, id, { timeout: '2 minutes' });
    const fork = await client.fork(tour, id, { at: 'guide.visit:2', input: { stop: 7 }, reason: 'the second stop was closed' });
    const { stamps } = await client.result(tour, fork.id, { timeout: '2 minutes' });
    expect([fork.id, stamps[0]]).toEqual([`${id}~f1`, original.stamps[0]]);
    expect(stamps[1]).not.toBe(original.stamps[1]);
    expect((await readLedger(suite)).filter(({ key }) => key.startsWith(`${pidOf('tour', fork.id)}/`)).map(({ what }) => what)).toEqual([
      'visit 7',
    ]);
  });

  test('a bulk job cancels the instances of its preview, and has a result of each', async () => {
    const ids = [1, 2, 3].map((each) => `${run}-bulk-${each}`);
    for (const id of ids) await publish(suite, 'trials.gate-reached', { id });
    for (const id of ids) await awaitStatus(suite, pidOf('gate', id), 'running');
    const where = `process:gate id~${run}-bulk status:running`;
    const preview = await until('the three instances to be listed', async () => {
      const found = await client.bulk.preview({ act: 'cancel', where });
      return found.count === ids.length && found;
    });
    const job = await client.bulk.start(preview, { reason: 'the roads are closed' });
    await until('the job to have ended', async () => (await client.bulk.describe(job.id)).done === ids.length);
    const results: string[] = [];
    for await (const { id, result, status } of client.bulk.results(job.id)) results.push(`${id} ${result} ${status}`);
    expect(results.toSorted()).toEqual(ids.map((id) => `${id} done cancelled`));
    for (const id of ids) expect((await client.describe(gate, id)).status).toBe('cancelled');
  });

  test('the starts of a paused process are kept in their order, and begin when it is resumed', async () => {
    await client.holds.pause({ process: ferryman }, 'high water');
    // Each worker knows of it within twenty seconds; until then, a start begins.
    const kept = await until(
      'a start to be kept',
      async () => {
        const id = `${run}-ferryman-${Date.now()}`;
        return (await client.start(ferryman, { passengers: 3 }, { id })).held !== undefined && id;
      },
      { withinSeconds: 90 },
    );
    await until('the kept start to be listed', async () =>
      (await client.holds.list()).some((hold) => hold.process === 'ferryman' && hold.reason === 'high water' && hold.starts === 1),
    );
    await client.holds.resume({ process: ferryman }, 'low water');
    // The engine looks into the indexes for it, in more partitions than a loaded machine reads within the 5 seconds of a function.
    await until('the kept start to begin', () => readHead(suite, pidOf('ferryman', kept)), {
      withinSeconds: 200,
      report: async () => `${JSON.stringify(await client.holds.list())}\n${await journalOf(suite, 'default#tutti--holds#all')}`,
    });
    expect(await client.result(ferryman, kept, { timeout: '2 minutes' })).toEqual({ passengers: 3 });
  });

  test('a schedule of the code begins with the deployment and starts an instance at its times', async () => {
    const started = await until(
      'the schedule inspections to have started an instance',
      async () => {
        for await (const each of client.schedules.list()) if (each.name === 'inspections' && each.started > 0) return each;
        return undefined;
      },
      { withinSeconds: 240 },
    );
    expect(started).toMatchObject({ process: 'inspection', zone: 'Europe/Vienna', origin: 'system', status: 'active' });
    const last = started.last!.id;
    expect(last).toMatch(/^inspections@\d{4}-\d\d-\d\dT\d\d:\d\d~Europe\.Vienna$/);
    expect(await client.result(inspection, last, { timeout: '2 minutes' })).toEqual({
      day: last.slice('inspections@'.length).slice(0, 10),
    });
    const listed: string[] = [];
    for await (const { process, id } of client.list({ status: 'running' })) listed.push(`${process} ${id}`);
    expect(listed).toContain('tutti--schedule inspections');
  });
});
