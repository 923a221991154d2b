import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Deployment } from './outside/deployment.ts';
import { awaitStatus, journalOf, pidOf, readHead } from './outside/head.ts';
import { deedsFor } from './outside/ledger.ts';
import { readParked } from './outside/parked.ts';
import { asciiJson, cart, checkOut, envelope, publish, putOnBus } from './outside/publish.ts';
import { acknowledge, publishReply, receiveCommand, replyTo, sendTo, type Command } from './outside/queue.ts';
import { Tap } from './outside/tap.ts';
import { until } from './outside/until.ts';
import { deployed } from './suite-deployment.ts';

// Each test has instances of its own, so they run at the same time; LocalStack lets each queue wait a second now and then.
let suite: Deployment;
let tap: Tap;
const run = Date.now().toString(36);
const booked = ['payments: charge', 'flights: book', 'hotels: book', 'notifications: notify'];

beforeAll(async () => {
  suite = await deployed();
  tap = await Tap.open(suite);
});

/** Polls the ferry's queue by hand until the command for that crossing is there. No function of the deployment does. */
const ferryCommand = (pid: string): Promise<Command> =>
  until(`a command for ${pid} in the queue of the ferry`, () => receiveCommand(suite, 'ferry', `${pid}/`), {
    report: () => journalOf(suite, pid),
  });

const askForCrossing = (id: string): Promise<void> => publish(suite, 'trials.crossing-wanted', { id, from: 'Calais', to: 'Dover' });

describe.concurrent('a deployed system', { timeout: 240_000 }, () => {
  test('a cart that is checked out on the bus is paid and booked, the customer is notified, and the booking is an event', async () => {
    const pid = pidOf('book-trip', `${run}-booked`);
    await checkOut(suite, `${run}-booked`);
    await awaitStatus(suite, pid, 'completed');
    expect(await deedsFor(suite, pid)).toEqual(booked);
    const event = await until(`trips.trip-booked of ${pid}`, async () =>
      (await tap.events()).find(
        ({ type, detail }) => type === 'trips.trip-booked' && (detail['data'] as { cartId: string }).cartId === `${run}-booked`,
      ),
    );
    expect(event.detail).toMatchObject({ specversion: '1.0', source: 'trips', hops: 1 });
  });

  test('a booking whose hotel is full is undone, newest first, and the customer is notified last', async () => {
    const pid = pidOf('book-trip', `${run}-full`);
    await checkOut(suite, `${run}-full`, 'Venice');
    await awaitStatus(suite, pid, 'failed');
    expect(await deedsFor(suite, pid)).toEqual([
      'payments: charge',
      'flights: book',
      'flights: cancel',
      'payments: refund',
      'notifications: notify',
    ]);
  });

  test('a foreign service receives a command of the wire contract, and its reply continues the process', async () => {
    const pid = pidOf('crossing', `${run}-crossed`);
    await askForCrossing(`${run}-crossed`);
    const command = await ferryCommand(pid);
    expect(command.body).toMatchObject({
      specversion: '1.0',
      source: 'trips',
      type: 'ferry.cross',
      datacontenttype: 'application/json',
      subject: `${run}-crossed`,
      attempt: 1,
      replyto: 'trips',
      data: { from: 'Calais', to: 'Dover' },
    });
    expect(command.body['datahash']).toMatch(/^sha256:[0-9a-f]{64}$/);
    await publishReply(suite, replyTo(command, 'completed', { ticket: 'T-1' }));
    await acknowledge(suite, 'ferry', command);
    await awaitStatus(suite, pid, 'completed');
  });

  test('a foreign service that answers with a declared error makes the process fail', async () => {
    const pid = pidOf('crossing', `${run}-no-ferry`);
    await askForCrossing(`${run}-no-ferry`);
    const command = await ferryCommand(pid);
    await publishReply(suite, replyTo(command, 'failed', { type: 'NoFerry', message: 'Storm.', data: { until: '2027-01-02' } }));
    await acknowledge(suite, 'ferry', command);
    await awaitStatus(suite, pid, 'failed');
    expect(await deedsFor(suite, pid)).toEqual([]);
  });

  test('a reply that is published twice, and once more with another answer, is taken once', async () => {
    const pid = pidOf('crossing', `${run}-twice`);
    await askForCrossing(`${run}-twice`);
    const command = await ferryCommand(pid);
    await publishReply(suite, replyTo(command, 'completed', { ticket: 'T-2' }));
    await publishReply(suite, replyTo(command, 'completed', { ticket: 'T-2' }));
    await acknowledge(suite, 'ferry', command);
    await awaitStatus(suite, pid, 'completed');
    await publishReply(suite, replyTo(command, 'completed', { ticket: 'T-3' }));
    await behindIt(`${run}-behind-replies`);
    const crossed = (await tap.events()).filter(({ type, detail }) => type === 'trips.crossed' && detail['subject'] === `${run}-twice`);
    // The bus may carry an event more than once; its id is what tells a subscriber.
    const byId = new Map(crossed.map(({ detail }) => [detail['id'], detail['data']]));
    expect([...byId.values()]).toEqual([{ id: `${run}-twice`, ticket: 'T-2' }]);
    expect(await deedsFor(suite, pid)).toEqual(['guide: visit']);
  });

  test('a reply that is spoofed in the name of another service changes nothing and is parked', async () => {
    const pid = pidOf('crossing', `${run}-forged`);
    await askForCrossing(`${run}-forged`);
    const command = await ferryCommand(pid);
    const forged = replyTo(command, 'completed', { ticket: `stolen-${run}` }, { source: 'guide' });
    await publishReply(suite, forged);
    await until(`the forged answer of ${pid} to be parked`, async () =>
      (await readParked(suite)).find(({ body }) => body.includes(`stolen-${run}`)),
    );
    expect((await readHead(suite, pid))?.status).toBe('running');
    await publishReply(suite, replyTo(command, 'completed', { ticket: 'T-4' }));
    await acknowledge(suite, 'ferry', command);
    await awaitStatus(suite, pid, 'completed');
  });

  test('an event that its producer publishes twice under one id starts one booking', async () => {
    const pid = pidOf('book-trip', `${run}-repeated`);
    const event = { id: `${run}-repeated-event` };
    await publish(suite, 'trips.checkout-travel-cart', cart(`${run}-repeated`), event);
    await publish(suite, 'trips.checkout-travel-cart', cart(`${run}-repeated`), event);
    await awaitStatus(suite, pid, 'completed');
    await publish(suite, 'trips.checkout-travel-cart', cart(`${run}-repeated`), event);
    await behindIt(`${run}-behind-events`);
    expect(await deedsFor(suite, pid)).toEqual(booked);
  });

  test('a message of the inbox that is delivered again, under another message id, starts nothing', async () => {
    const pid = pidOf('book-trip', `${run}-redelivered`);
    const detail = envelope('trips.checkout-travel-cart', cart(`${run}-redelivered`));
    const fields = { version: '0', source: 'trips', account: '000000000000', time: detail['time'], region: 'us-east-1', resources: [] };
    const body = asciiJson({ ...fields, id: crypto.randomUUID(), 'detail-type': detail['type'], detail });
    await sendTo(suite, suite.inboxUrl, body);
    await sendTo(suite, suite.inboxUrl, body);
    await awaitStatus(suite, pid, 'completed');
    await sendTo(suite, suite.inboxUrl, body);
    await behindIt(`${run}-behind-messages`);
    expect(await deedsFor(suite, pid)).toEqual(booked);
  });

  test('a malformed, spoofed or unaddressed message is parked with its reason, and the bookings beside it continue', async () => {
    const type = 'trips.checkout-travel-cart';
    const mark = `${run}-malformed`;
    await putOnBus(suite, { source: 'trips', type, detail: asciiJson({ ...envelope(type, cart(mark)), specversion: '9.9' }) });
    await publish(suite, type, { cartId: mark, total: 'a lot' });
    await publish(suite, type, cart(mark), { source: `evil-${run}` });
    await publish(suite, 'trials.gate-opened', { id: mark, by: mark }, { processid: `default#no-such-process#${mark}` });
    await sendTo(suite, suite.inboxUrl, `this is no JSON: ${mark}`);
    await sendTo(suite, suite.inboxUrl, JSON.stringify({ tutti: 'surprise', pid: mark }));
    await checkOut(suite, `${run}-beside`);
    await awaitStatus(suite, pidOf('book-trip', `${run}-beside`), 'completed');
    const parked = await until('six parked messages', async () => {
      const mine = (await readParked(suite)).filter(({ body }) => body.includes(mark));
      return mine.length >= 6 && mine;
    });
    expect(parked.map(({ reason }) => reason).sort()).toEqual([
      'DATA_INVALID',
      'FORBIDDEN',
      'MALFORMED',
      'MALFORMED',
      'MALFORMED',
      'UNKNOWN_EVENT',
    ]);
    expect(await readHead(suite, pidOf('book-trip', mark))).toBeUndefined();
  });

  test('an instance waits for its signal, also where the signal came before the start', async () => {
    const [asked, early] = [`${run}-gate`, `${run}-early-gate`];
    await publish(suite, 'trials.gate-opened', { id: early, by: 'Bo' });
    await publish(suite, 'trials.gate-reached', { id: asked });
    await awaitStatus(suite, pidOf('gate', early), 'early');
    await awaitStatus(suite, pidOf('gate', asked), 'running');
    await publish(suite, 'trials.gate-reached', { id: early });
    await publish(suite, 'trials.gate-opened', { id: asked, by: 'Ada' }, { processid: pidOf('gate', asked) });
    await awaitStatus(suite, pidOf('gate', asked), 'completed');
    await awaitStatus(suite, pidOf('gate', early), 'completed');
    expect(await deedsFor(suite, pidOf('gate', asked))).toEqual(['guide: visit']);
  });

  test('a timer that is further away than the threshold is fired by the sweep, and not early', async () => {
    const pid = pidOf('nap', `${run}-nap`);
    const asked = Date.now();
    await publish(suite, 'trials.nap-wanted', { id: `${run}-nap` });
    const asleep = await awaitStatus(suite, pid, 'running');
    expect(Number(asleep.item['due']?.N)).toBeGreaterThanOrEqual(asked + 5_000);
    await awaitStatus(suite, pid, 'completed', 150);
    expect(Date.now() - asked).toBeGreaterThanOrEqual(5_000);
  });

  test('a process of forty commands goes from one to the next, each done once', async () => {
    const pid = pidOf('tour', `${run}-tour`);
    await publish(suite, 'trials.tour-booked', { id: `${run}-tour`, stops: 40 });
    await awaitStatus(suite, pid, 'completed', 220);
    expect(await deedsFor(suite, pid)).toEqual(Array(40).fill('guide: visit'));
  });

  test('a command and an answer of more than 100 KB lie in the bucket, and their messages point there', async () => {
    const pid = pidOf('parcel', `${run}-parcel`);
    await publish(suite, 'trials.parcel-sent', { id: `${run}-parcel`, letters: 150_000 });
    await awaitStatus(suite, pid, 'completed');
    const { Contents = [] } = await suite.s3.send(new ListObjectsV2Command({ Bucket: suite.bucket }));
    const writers = Contents.filter(({ Key }) => Key!.includes(encodeURIComponent(pid))).map(({ Key }) => Key!.split('/')[0]);
    expect(new Set(writers)).toEqual(new Set(['guide', 'orchestrator']));
  });
});

/** Waits until all earlier messages of the inbox are processed: until a later event has passed the bus and the inbox, twice. */
async function behindIt(id: string): Promise<void> {
  for (const each of [`${id}-1`, `${id}-2`]) {
    await publish(suite, 'trials.tour-booked', { id: each, stops: 0 });
    await awaitStatus(suite, pidOf('tour', each), 'completed');
  }
}
