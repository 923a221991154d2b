import { setTimeout as pause } from 'node:timers/promises';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { beforeAll, expect, inject, test } from 'vitest';
import { aws, connect } from 'tutti/client';
import { bookTrip } from '../../../examples/travel-booking/book-trip.ts';
import { trips } from '../../../examples/travel-booking/system.ts';
import { isClosed } from '../../../lib/core/image.ts';
import type { HeadStatus } from '../../../lib/ports/process-store.ts';
import { Choices } from '../../simulation/world/choices.ts';
import type { Deployment } from '../outside/deployment.ts';
import type { FunctionHost } from '../outside/function-processes.ts';
import { journalOf, statusesOf } from '../outside/head.ts';
import { logTails } from '../outside/lambda.ts';
import { withoutFunction } from '../outside/service-switch.ts';
import { until } from '../outside/until.ts';
import { deployed, SUITE } from '../suite-deployment.ts';
import { audit } from './audit.ts';
import { CHECKOUT, drawBookings, expectationOf } from './bookings.ts';
import { evidenceOf, messagesLeft, parkedWithoutInstance } from './evidence.ts';
import type { Rates } from './fault-plan.ts';
import { FaultProxy } from './fault-proxy.ts';
import { FunctionKiller } from './function-killer.ts';
import { proxyPlace, withFunctionsThrough } from './proxied-functions.ts';
import { reportText } from './report.ts';

/** A booking takes LocalStack about half a second, whatever else it does. */
const BOOKINGS = Number(process.env['CHAOS_BOOKINGS'] ?? 100);
/** Of each phase: a machine that is busy with other tests takes several times as long as one that is not. */
const PATIENCE_SECONDS = 240 + 2 * BOOKINGS;
const SEED = process.env['CHAOS_SEED'] ?? String(Date.now());

/** A booking makes about forty calls; a service that stands still for seconds holds up all behind it, so these are rare. */
const network = { 'answer-lost': 0.012, 'server-error': 0.01, throttled: 0.01, slow: 0.01, 'arrives-late': 0.001 };
const rates: Rates = {
  dynamodb: { ...network, 'keys-unprocessed': 0.05 },
  sqs: { ...network, 'sent-twice': 0.03, 'entries-failed': 0.03 },
  events: { ...network, 'sent-twice': 0.03, 'entries-failed': 0.03 },
  s3: network,
};

/** Each has a stream of its own: what one draws depends on time, and must not change what the others do. */
const choices = (of: string): Choices => Choices.seeded(`${SEED} ${of}`);
const run = `chaos-${Date.now().toString(36)}`;
const bookings = drawBookings(BOOKINGS, run, choices('bookings'));
const pids = bookings.map(({ pid }) => pid);
const phases = new Map<string, number>();
let suite: Deployment;

beforeAll(async () => {
  suite = await deployed();
});

async function phase<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const began = Date.now();
  try {
    return await work();
  } finally {
    phases.set(`${phases.size + 1} ${name}`, Math.round((Date.now() - began) / 1000));
  }
}

/** Publishes every booking as often as its producer does, the copies in no order. */
async function publishAll(order: Choices): Promise<void> {
  const events = bookings.flatMap((booking) => Array.from({ length: booking.copies }, () => booking));
  const shuffled = events.map((booking) => ({ booking, at: order.fraction() })).sort((a, b) => a.at - b.at);
  for (let from = 0; from < shuffled.length; from += 10) {
    const Entries = shuffled
      .slice(from, from + 10)
      .map(({ booking }) => ({ EventBusName: suite.bus, Source: 'trips', DetailType: CHECKOUT, Detail: booking.detail }));
    const { FailedEntryCount } = await suite.events.send(new PutEventsCommand({ Entries }));
    expect(FailedEntryCount).toBe(0);
  }
}

/** The number of bookings that no longer change by themselves. */
async function ended(): Promise<number> {
  const statuses = await statusesOf(suite, pids);
  return [...statuses.values()].filter((status) => status === 'stuck' || isClosed(status as HeadStatus)).length;
}

const endedAtLeast = (count: number): Promise<true> =>
  until(`${count} of ${BOOKINGS} bookings to have ended`, async () => (await ended()) >= count, {
    withinSeconds: PATIENCE_SECONDS,
    report: whatIsOpen,
  });

async function whatIsOpen(): Promise<string> {
  const statuses = await statusesOf(suite, pids);
  const open = pids.filter((pid) => !isClosed((statuses.get(pid) ?? 'running') as HeadStatus));
  const journals = await Promise.all(open.slice(0, 3).map((pid) => journalOf(suite, pid)));
  const queues = [...(await messagesLeft(suite))].map(([queue, count]) => `${queue} ${count}`).join(', ');
  return [`${open.length} are open: ${open.join(', ')}`, ...journals, queues, await logTails(SUITE)].join('\n');
}

/** A message of a killed function is redelivered after half a minute, a dead letter after two minutes. */
const stillness = (): Promise<true> =>
  until('the queues to be empty', async () => (await ended()) === BOOKINGS && (await emptyTwice()), {
    withinSeconds: PATIENCE_SECONDS,
    report: whatIsOpen,
  });

async function emptyTwice(): Promise<boolean> {
  const empty = async (): Promise<boolean> => [...(await messagesLeft(suite)).values()].every((count) => count === 0);
  if (!(await empty())) return false;
  // While a function moves a message, the message is in neither queue.
  await pause(1_500);
  return empty();
}

/** As an operator would, once the fault is gone. */
async function resumeStuck(): Promise<readonly string[]> {
  const statuses = await statusesOf(suite, pids);
  const stuck = pids.filter((pid) => statuses.get(pid) === 'stuck');
  const client = connect(trips, aws({ name: SUITE, principal: 'operator' }));
  for (const pid of stuck) await client.resume(bookTrip, pid.split('#')[2]!);
  return stuck;
}

async function storm(proxy: FaultProxy, killer: FunctionKiller): Promise<void> {
  killer.start();
  try {
    await phase('with faults, from the first booking on', async () => {
      await publishAll(choices('order'));
      await endedAtLeast(Math.floor(BOOKINGS / 4));
    });
    await phase('with faults, without the hotels', () => withoutFunction(suite, 'hotels', () => pause(8_000)));
    await phase('with faults, until most have ended', () => endedAtLeast(Math.floor(BOOKINGS * 0.9)));
  } finally {
    proxy.faulty = false;
    await killer.stop();
  }
}

function functionHost(): FunctionHost {
  const host = inject('localStackProcesses');
  if (host !== undefined) return host;
  throw new Error('The functions of this LocalStack cannot be found, so none can be killed: start it with `npm run localstack`.');
}

/** The outcome of the bookings, as far as it can be read, to explain a failed run. */
async function outcomes(): Promise<ReadonlyMap<string, number>> {
  const statuses = await statusesOf(suite, pids).catch(() => new Map<string, string>());
  const counts = new Map<string, number>();
  for (const { pid, fate } of bookings) {
    const outcome = `${fate}: ${statuses.get(pid) ?? 'not there'}`;
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return counts;
}

test(
  'bookings end as they must while calls fail, answers are lost, functions are killed and a service is down',
  { timeout: 4_000 * PATIENCE_SECONDS },
  async () => {
    const host = functionHost();
    const { listen, called } = proxyPlace(host);
    const parkedBefore = await parkedWithoutInstance(suite);
    const proxy = await FaultProxy.start({ endpoint: process.env['AWS_ENDPOINT_URL']!, host: listen, choices: choices('proxy'), rates });
    const killer = new FunctionKiller(host, SUITE, choices('killer'));
    let violations: readonly string[] = ['the run did not come to its audit'];
    let resumed: readonly string[] = [];
    try {
      await withFunctionsThrough(suite, proxy.url.replace(listen, called), async () => {
        await storm(proxy, killer);
        await phase('stillness', stillness);
        resumed = await resumeStuck();
        if (resumed.length > 0) await phase('stillness after resuming', stillness);
      });
      const evidence = await evidenceOf(suite, new Set(pids), parkedBefore);
      violations = await audit(evidence, new Map(bookings.map((booking) => [booking.pid, expectationOf(booking)])));
    } finally {
      await proxy.close();
      const copies = bookings.reduce((sum, booking) => sum + booking.copies, 0) - BOOKINGS;
      const { calls, injected } = proxy;
      const tables = {
        bookings: await outcomes(),
        'calls of the functions': calls,
        faults: injected,
        kills: killer.killed,
        seconds: phases,
      };
      console.log(
        reportText(SEED, tables, { 'copies of starts': copies, resumed: resumed.length, violations: violations.length }, violations),
      );
    }
    expect(violations).toEqual([]);
    // A run in which little happened would prove nothing.
    expect([...proxy.injected.values()].reduce((total, count) => total + count, 0)).toBeGreaterThan(BOOKINGS / 2);
    expect(killer.killed.size).toBeGreaterThan(2);
  },
);
