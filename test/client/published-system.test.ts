import { expect, test } from 'vitest';
import * as z from 'zod';
import { command, decider, event, process, service, system, versions } from 'tutti';
import { fieldPath } from '../../lib/client/aws/field-path.ts';
import { publishedSystem, PUBLISHED_BYTES_MAX, readPublishedSystem } from '../../lib/client/aws/published-system.ts';
import { listedProcesses } from '../../lib/contract/catalogue.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { versionOf } from '../../lib/contract/schema.ts';
import { shop } from './shop-orders.ts';

const id = z.object({ id: z.string() });

test('a published system parses to the names, versions, events and policies of its processes', () => {
  const read = readPublishedSystem(publishedSystem(shop));
  const written = systemContract(shop);
  const shape = ({ processes, services }: typeof written): unknown => ({
    processes: [...processes.values()].flat().map((each) => ({
      name: each.name,
      version: each.version,
      kind: each.kind,
      startOn: each.startOn.map(({ event: { type, owner }, by }) => [type, owner, by]),
      receives: each.receives.map(({ event: { type, owner }, by }) => [type, owner, by]),
      publishes: [...each.publishes.keys()],
      input: each.input !== undefined,
      view: each.view !== undefined,
      errors: Object.keys(each.errors),
      onOpen: each.onOpen,
      onClosed: each.onClosed,
    })),
    services: Array.from(services.values(), ({ name, commands }) => [name, [...commands.keys()]]),
  });
  expect(shape(read)).toEqual(shape(written));
  expect([...read.commands.keys()]).toEqual([...written.commands.keys()]);
  expect([...read.events.keys()]).toEqual([...written.events.keys()]);
});

test('published events keep the version of their data and the field that names the instance', () => {
  const Paid = event(
    'shop.paid',
    versions(id).next(z.object({ id: z.string(), at: z.string() }), (old) => ({ ...old, at: '' })),
    {
      dedupeBy: (data) => data.at,
    },
  );
  const Joined = event('shop.joined', z.object({ first: z.string(), second: z.string() }));
  const Noted = event('shop.noted', z.object({ order: z.object({ id: z.string() }) }));
  const pay = process('pay', { startOn: Paid.byId((data) => data.id), receives: [Noted.byId((data) => data.order.id)] }, async () => null);
  const join = process('join', { startOn: Joined.byId((data) => `${data.first}-${data.second}`) }, async () => null);
  const { events, processes } = readPublishedSystem(publishedSystem(system('shop', { processes: [pay, join], services: [] })));
  expect(versionOf(events.get('shop.paid')!.data)).toBe(2);
  expect(events.get('shop.paid')!.dedupeBy!({ at: 'noon' } as never)).toBe('noon');
  const { startOn, receives } = processes.get('pay')![0]!;
  expect(startOn[0]!.of({ id: 'p-1' } as never)).toBe('p-1');
  expect(receives[0]!.of({ order: { id: 'p-2' } } as never)).toBe('p-2');
  expect(() => processes.get('join')![0]!.startOn[0]!.of({} as never)).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }));
});

test('a client without the code knows which events are questions and which are received by a key', () => {
  const Asked = event('shop.asked', id, { answer: z.object({ fee: z.int() }) });
  const Moved = event('shop.moved', z.object({ driver: z.string() }));
  const Seen = event('shop.seen', z.object({ first: z.string() }));
  const receives = [Asked.byId((data) => data.id), Moved.byKey((data) => data.driver), Seen.byKey((data) => `${data.first}-x`)];
  const ride = process('ride', { input: id, receives }, async () => null);
  const { events, processes } = readPublishedSystem(publishedSystem(system('shop', { processes: [ride], services: [] })));
  expect([...events.values()].map(({ answer }) => answer !== undefined)).toEqual([true, false, false]);
  const received = processes.get('ride')![0]!.receives;
  expect(received.map(({ by }) => by)).toEqual(['id', 'key', 'key']);
  expect(received[1]!.of({ driver: 'd-1' } as never)).toBe('d-1');
  expect(() => received[2]!.of({ first: 'd-1' } as never)).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }));
});

test('an event without the dedupe field is not a duplicate of another one', () => {
  const Paid = event('shop.paid', z.object({ id: z.string(), at: z.string().optional() }), { dedupeBy: (data) => data.at as string });
  const pay = process('pay', { startOn: Paid.byId((data) => data.id) }, async () => null);
  const { events } = readPublishedSystem(publishedSystem(system('shop', { processes: [pay], services: [] })));
  expect(events.get('shop.paid')!.dedupeBy!({ id: 'p-1' } as never)).toBeUndefined();
});

test('fifty processes fit, and a system beyond the compressed maximum is refused', () => {
  const systemOf = (count: number): string => {
    const processes = Array.from({ length: count }, (_, n) => {
      const Started = event(`shop.something-number-${n}-started`, id);
      const Noted = event(`shop.something-number-${n}-noted`, id);
      return process(
        `something-number-${n}`,
        { startOn: Started.byId((data) => data.id), receives: [Noted.byId((data) => data.id)] },
        async () => null,
      );
    });
    return publishedSystem(system('shop', { processes, services: [] }));
  };
  const fifty = systemOf(50);
  expect(fifty.length).toBeLessThanOrEqual(PUBLISHED_BYTES_MAX);
  expect(readPublishedSystem(fifty).processes.size).toBe(50);
  expect(fifty).toBe(systemOf(50));
  expect(() => systemOf(2_000)).toThrow(expect.objectContaining({ code: 'DATA_TOO_LARGE' }));
});

test('fieldPath finds a field only if the function reads nothing else', () => {
  expect(fieldPath(({ a }: { a: string }) => a)).toBe('a');
  expect(fieldPath((data: { a: { b: string } }) => data.a.b)).toBe('a.b');
  for (const read of [
    ({ a, b }: { a: string; b: string }) => a || b,
    ({ a, b }: { a: string; b: string }) => (a ? b : a),
    ({ a }: { a: string }) => a.toLowerCase(),
    ({ a }: { a: string }) => `x-${a}`,
    (data: object) => Object.keys(data)[0],
    (data: object) => data,
    () => 'constant',
  ])
    expect([read.toString(), fieldPath(read as never)]).toEqual([read.toString(), undefined]);
});

test('a published system contains commands and deciders', () => {
  const counter = decider('counter', { state: z.object({ n: z.int() }), initial: () => ({ n: 0 }) }).on(
    event('shop.counted', id).byId((data) => data.id),
    ({ n }) => ({ n: n + 1 }),
  );
  const clerk = service('clerk', { stamp: command({ input: id }) });
  const read = readPublishedSystem(publishedSystem(system('shop', { processes: [counter], services: [clerk] })));
  expect(read.processes.get('counter')![0]).toMatchObject({ kind: 'decider', onOpen: 'signal' });
  expect(read.services.get('clerk')!.commands.get('clerk.stamp')).toMatchObject({ name: 'clerk.stamp', service: 'clerk' });
});

test('a published correlation asks for the id if its field is missing', () => {
  const Placed = event('shop.placed', z.object({ orderId: z.string().optional(), id: z.string() }));
  const pay = process('pay', { startOn: Placed.byId((data) => data.orderId ?? data.id) }, async () => null);
  const { processes } = readPublishedSystem(publishedSystem(system('shop', { processes: [pay], services: [] })));
  const { of } = processes.get('pay')![0]!.startOn[0]!;
  expect(of({ orderId: 'o-1', id: 'p-1' } as never)).toBe('o-1');
  expect(() => of({ id: 'p-1' } as never)).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }));
});

test('fieldPath rejects a function that tests whether another field exists', () => {
  expect(fieldPath((data: Record<string, string>) => (Object.hasOwn(data, 'orderId') ? data['orderId'] : data['id']))).toBeUndefined();
});

test('a client on AWS lists the instances of schedules, and those of keys if a process receives an event by a key', () => {
  const Moved = event('shop.moved', z.object({ driver: z.string() }));
  const pay = process('pay', { input: id }, async () => null);
  const ride = process('ride', { input: id, receives: [Moved.byKey((data) => data.driver)] }, async () => null);
  const listed = (...processes: (typeof pay | typeof ride)[]): readonly string[] =>
    listedProcesses(readPublishedSystem(publishedSystem(system('shop', { processes, services: [] }))));
  expect(listed(pay)).toEqual(['pay', 'tutti--schedule', 'tutti--bulk']);
  expect(listed(pay, ride)).toEqual(['pay', 'ride', 'tutti--schedule', 'tutti--bulk', 'tutti--key']);
});
