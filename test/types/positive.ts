// Inferred types are those that a user expects. Only the compiler reads this file.
import * as z from 'zod';
import { type AnyContext, type Cancelled, type CommandExhausted, type CommandFailed, type DataOf, type EventsOf, type FailureOf, type InputOf, type Json, type OutputOf, type ProcessFailed, type ResultOf,
  type StartOf, type Step, type ViewOf, command, decider, end, event, process, publish, schedule, service, steps, system, timer, versions } from 'tutti';
import { serve, sqlStore } from 'tutti/service';
import { connect, type Connection } from 'tutti/client';
import { answered, calls, cancelRequested, completes, ended, everyCrash, given, happened, isStuck, publishes, scripted, silent, simulate, starts, undoes, waits } from 'tutti/testing';
import { bookTrip } from '../../examples/travel-booking/book-trip.ts';
import { CheckoutTravelCart, flights, hotels, notifications, payments, PaymentCharged, TripBooked } from '../../examples/travel-booking/contracts.ts';
import { handler as paymentsHandler } from '../../examples/travel-booking/payments/service.ts';
import { trips } from '../../examples/travel-booking/system.ts';
import { CancelOrder, inventory, OrderPlaced, shipping, warehouse } from '../../examples/order-fulfilment/contracts.ts';
import { fulfilOrder } from '../../examples/order-fulfilment/fulfil-order.ts';
import { recommendations, Viewed } from '../../examples/user-activity/contracts.ts';
import { userActivity } from '../../examples/user-activity/user-activity.ts';
import { equal, frozen, is } from './assert.ts';

// Events and versions
frozen<DataOf<typeof PaymentCharged>, { paymentId: string }>(true);
const WithDefault = event('x.with-default', z.object({ a: z.string(), b: z.number().default(1), c: z.string().optional() }));
frozen<DataOf<typeof WithDefault>, { a: string; b: number; c?: string | undefined }>(true);
const Address = versions(z.object({ street: z.string() })).next(z.object({ lines: z.array(z.string()), country: z.string().default('AT') }), old => {
  is<string>(old.street);
  return { lines: [old.street] };
});
const Moved = event('x.moved', Address, { dedupeBy: moved => moved.lines.join() });
frozen<DataOf<typeof Moved>, { lines: string[]; country: string }>(true);
const Nested = event('x.nested', z.object({ any: z.json(), kind: z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b'), n: z.int() })]) }));
is<string>(null as unknown as DataOf<typeof Nested>['kind']['kind']);
type Tree = { name: string; children: Tree[] };
const Tree: z.ZodType<Tree, Tree> = z.object({ name: z.string(), get children() { return z.array(Tree); } });
frozen<DataOf<ReturnType<typeof treeEvent>>, Tree>(true);
function treeEvent() { return event('x.tree', Tree); }
const Branded = event('x.branded', z.object({ id: z.string().brand<'OrderId'>() }));
is<string>(null as unknown as DataOf<typeof Branded>['id']);

// Commands
frozen<InputOf<typeof payments.charge>, { amount: number; card: string }>(true);
frozen<OutputOf<typeof payments.charge>, { paymentId: string }>(true);
equal<OutputOf<typeof payments.refund>, null>(true);
equal<FailureOf<typeof payments.refund>, never>(true);
equal<FailureOf<typeof payments.charge>, CommandFailed<'payments.charge', 'CardDeclined', { readonly reason: string }> | CommandFailed<'payments.charge', 'SuspectedFraud', Readonly<Record<string, never>>>>(true);
equal<typeof payments.charge.name, 'payments.charge'>(true);
equal<(typeof payments.charge)['~']['undo'], true>(true);
equal<(typeof payments.refund)['~']['undo'], false>(true);
// A command inside service({…}): omitted members have their default types, not the widest type
const inline = service('inline', { plain: command({ input: z.object({ a: z.string() }) }), full: command({ input: z.object({ a: z.string().default('x') }), output: z.object({ b: z.int() }), errors: { No: z.object({ why: z.string() }) } }) });
equal<OutputOf<typeof inline.plain>, null>(true);
equal<FailureOf<typeof inline.plain>, never>(true);
equal<(typeof inline.plain)['~']['undo'], false>(true);
frozen<InputOf<typeof inline.full>, { a?: string | undefined }>(true);
frozen<OutputOf<typeof inline.full>, { b: number }>(true);
// An inline undo, with its mapper before the command, and the input after it
const undone = service('undone', { put: command({ undo: { input: (put, kept) => ({ key: put.key, at: kept.at }), command: command({ input: z.object({ key: z.string(), at: z.int() }) }) }, output: z.object({ at: z.int() }), input: z.object({ key: z.string() }) }) });
equal<(typeof undone.put)['~']['undo'], true>(true);

// Narrowing of unknown, of a failure, of a result of `try`
export const narrow = (error: unknown) => {
  if (payments.charge.failed(error)) {
    equal<typeof error, FailureOf<typeof payments.charge>>(true);
    if (error.type === 'CardDeclined') frozen<typeof error.data, { reason: string }>(true);
  } else if (bookTrip.failed(error)) equal<typeof error, ProcessFailed<'book-trip', 'Other', { readonly reason: string; readonly data?: Json }>>(true);
};

// A failure without a declaration, in a process and in a helper
export const failing = (ctx: AnyContext) => { const failure = ctx.fail('no driver', { tried: [1, 2] }); equal<typeof failure.type, 'Other'>(true); equal<typeof failure.data.reason, string>(true); throw failure; };

// Processes
equal<StartOf<typeof bookTrip>, DataOf<typeof CheckoutTravelCart>>(true);
equal<ResultOf<typeof bookTrip>, { readonly flight: string; readonly hotel: string }>(true);
equal<ResultOf<typeof fulfilOrder>['status'], 'out-of-stock' | 'cancelled' | 'shipped'>(true);
frozen<ViewOf<typeof fulfilOrder>, { stage: 'packing' | 'shipping' }>(true);
equal<ViewOf<typeof bookTrip>, null>(true);
equal<EventsOf<typeof fulfilOrder>, 'orders.order-placed' | 'orders.cancel-order'>(true);
const CardChanged = event('x.card-changed', z.object({ user: z.string(), card: z.string() })), Ping = event('x.ping', z.object({ n: z.int() })), Started = event('x.started', z.object({ id: z.string(), note: z.string().default('') }));
export const everything = process('everything', {
  startOn: [Started.byId(started => started.id), OrderPlaced.byId(placed => placed.orderId)],
  receives: [Ping.byId(ping => String(ping.n)), CardChanged.byId(changed => changed.user)],
  publishes: [TripBooked, Ping], errors: { NoDriver: z.object({ tried: z.int().default(0) }) }, view: z.object({ step: z.string().default('none') }), onOpen: 'attach', timeout: '30 days', early: '1 hour', version: 2,
}, async (ctx, input) => {
  equal<typeof input, DataOf<typeof Started> | DataOf<typeof OrderPlaced>>(true);
  if (Started.is(ctx.start)) frozen<typeof ctx.start.data, { id: string; note: string }>(true);
  const a = await ctx.waitFor(Ping); frozen<typeof a, { n: number }>(true);
  const b = await ctx.waitFor(Ping, { match: ping => ping.n > 3, timeout: '2 days' }); frozen<typeof b, { n: number } | undefined>(true);
  const c = await ctx.waitFor(CardChanged, { match: changed => changed.card !== '' }); frozen<typeof c, { user: string; card: string }>(true);
  const d = await ctx.waitFor(CardChanged, { timeout: `${a.n} days` }); frozen<typeof d, { user: string; card: string } | undefined>(true);
  const e = await ctx.waitFor(Ping, { match: ({ n }) => n === 1 }); frozen<typeof e, { n: number }>(true);
  await ctx.waitFor(Started);
  ctx.publish(Ping, { n: 1 }); ctx.view({}); ctx.view({ step: 'x' }); ctx.tag({ customer: 'c' }); ctx.log('info', 'waits', { n: a.n, error: new Error('x') }); ctx.log('debug', 'again');
  let paid = await ctx.try(payments.charge, { amount: 1, card: 'a' });
  while (payments.charge.failed(paid)) { await ctx.waitFor(CardChanged); paid = await ctx.try(payments.charge, { amount: 1, card: 'b' }, { undo: false, timeout: '1 minute' }); }
  frozen<typeof paid, { paymentId: string }>(true);
  for await (const message of ctx.each([Ping, CardChanged], { until: '3 days' })) {
    if (Ping.is(message)) frozen<typeof message.data, { n: number }>(true); else frozen<typeof message.data, { user: string; card: string }>(true);
    equal<typeof message.time, string>(true);
  }
  for await (const { data } of ctx.each([Ping])) frozen<typeof data, { n: number }>(true);
  const reminding = ctx.every('1 day', n => { equal<typeof n, number>(true); }); equal<Awaited<typeof reminding>, never>(true); await ctx.race({ reminding, ping: ctx.waitFor(Ping) });
  const first = await ctx.race({ ping: ctx.waitFor(Ping), late: ctx.sleep('1 day'), hotel: ctx.call(hotels.book, { city: 'x', from: '2027-01-01', nights: 1 }), never: ctx.scope('for ever', async ctx => { for (;;) await ctx.sleep('1 day'); }) });
  equal<typeof first.winner, 'ping' | 'late' | 'hotel' | 'never'>(true);
  if (first.winner === 'ping') frozen<typeof first.value, { n: number }>(true);
  switch (first.winner) {
    case 'hotel': frozen<typeof first.value, { reference: string }>(true); break;
    case 'late': equal<typeof first.value, void>(true); break;
    case 'never': equal<typeof first.value, never>(true); break;
    case 'ping': break;
  }
  const inner = await ctx.scope('inner', async ctx => { ctx.compensate('note', (ctx, failure) => { is<undefined | { code: string }>(failure); return ctx.call(payments.refund, { paymentId: 'p' }); }); return ctx.waitFor(Ping); });
  frozen<typeof inner, { n: number }>(true);
  const [p, q] = await Promise.all([ctx.call(flights.book, { from: 'a', to: 'b', day: '2027-01-01' }), ctx.sleep('1 second')]);
  frozen<typeof p, { reference: string }>(true); equal<typeof q, void>(true);
  const step = payAll(ctx, 3); await ctx.undo(ctx.call(flights.book, { from: 'a', to: 'b', day: '2027-01-01' })); is<number>(await step);
  if (a.n === 3) throw ctx.errors.NoDriver({}, 'nobody');
  return { kind: 'done', steps: [1, 2] };
});
equal<ResultOf<typeof everything>, { readonly kind: 'done'; readonly steps: readonly [1, 2] }>(true);
export const noInput = process('no-input', {}, async (_ctx, input) => { equal<typeof input, null>(true); });
equal<ResultOf<typeof noInput>, void>(true);
export const withInput = process('with-input', { input: z.object({ n: z.int().default(3) }) }, async (_ctx, input) => { frozen<typeof input, { n: number }>(true); return input.n; });
frozen<StartOf<typeof withInput>, { n?: number | undefined }>(true);
equal<ResultOf<typeof withInput>, number>(true);
export const maybe = process('maybe', {}, async ctx => { if (ctx.random() > 0.5) return 'yes'; return; });
equal<ResultOf<typeof maybe>, 'yes' | undefined>(true);
const payAll = async (ctx: AnyContext, times: number): Promise<number> => { for (let i = 0; i < times; i++) await ctx.scope('pay', ctx => ctx.call(payments.charge, { amount: i, card: 'x' })); return times; };
export const errorsOf = (error: unknown) => { if (everything.failed(error) && error.type === 'NoDriver') frozen<typeof error.data, { tried: number }>(true); };
export const step = (s: Step<{ a: 1 }>) => { is<Step<unknown>>(s); is<Promise<{ a: 1 }>>(s); };
export const reason = (c: Cancelled) => equal<typeof c.reason, 'requested' | 'lost-race' | 'timeout' | 'scope-failed'>(true);

// Inline steps
declare const stripe: { charge(cents: number, key: string): Promise<{ id: string; cents: number }>; refund(id: string): Promise<{ ok: true }>; quote(): Promise<any> };
export const inlineSteps = process('inline-steps', {}, async ctx => {
  const paid = await ctx.run('charge', task => stripe.charge(100, task.commandId), { undo: (receipt, task) => { is<string>(task.commandId); return stripe.refund(receipt.id); }, retry: { attempts: 3 }, timeout: '1 minute', effect: 'once' });
  frozen<typeof paid, { id: string; cents: number }>(true);
  const kind = await ctx.run('classify', async () => ({ kind: 'refund', cents: 5 }));
  equal<typeof kind, { readonly kind: 'refund'; readonly cents: 5 }>(true);
  const seat = await ctx.run('book', async task => (task.attempt > 1 ? { ok: true, seat: '12A' } : { ok: false }));
  if (seat.ok) equal<typeof seat.seat, '12A'>(true);
  equal<Awaited<ReturnType<typeof nothing>>, null>(true);
  const later = await ctx.run<{ approved: boolean }>('ask', async task => task.defer()); equal<typeof later.approved, boolean>(true);
  const maybe = await ctx.run('maybe later', async task => (task.attempt > 1 ? task.defer() : { approved: true })); equal<typeof maybe.approved, true>(true);
  const quote = await ctx.run('quote', () => stripe.quote()); is<string>(quote); is<number>(quote);
  const first = await ctx.race({ paid: ctx.run('again', () => stripe.charge(1, 'x')), late: ctx.sleep('1 day') });
  if (first.winner === 'paid') frozen<typeof first.value, { id: string; cents: number }>(true);
  await ctx.run('fail', async task => { if (task.attempt > 3) throw task.fail('no', { left: 0 }); return { at: 'x', n: task.attempt }; });
  function nothing() { return ctx.run('nothing', async () => {}, { undo: async output => { equal<typeof output, null>(true); } }); }
  return ctx.run('last', async () => ({ a: 1 }));
});
equal<ResultOf<typeof inlineSteps>, { readonly a: 1 }>(true);
export const stepFailure = (error: unknown) => { if (steps.run.failed(error)) { is<string>(error.data.reason); is<Json>(error.data.data); equal<typeof error.type, "StepFailed">(true); } };

// Deciders
frozen<ViewOf<typeof userActivity>, { seen: string[]; cart: string[]; recommended: string[] }>(true);
equal<EventsOf<typeof userActivity>, 'shop.viewed' | 'shop.added-to-cart' | 'shop.purchased'>(true);
const tick = timer('tick');
export const counter = decider('counter', { state: z.object({ n: z.int().default(0) }), initial: () => ({}), publishes: [Ping] })
  .on(Ping.byId(() => 'one'), (state, ping, { now }) => [{ n: state.n + ping.n }, tick.at(now), publish(Ping, { n: 1 }), ping.n > 9 && end({ total: state.n })])
  .on(tick, (state, nothing) => { equal<typeof nothing, undefined>(true); return state; })
  .on(recommendations.compute, (state, found) => {
    equal<typeof found, { readonly items: readonly string[] } | CommandFailed<'recommendations.compute', 'TooNew', Readonly<Record<string, never>>> | CommandExhausted>(true);
    if (recommendations.compute.exhausted(found)) { equal<typeof found.outcome, 'failed' | 'cancelled' | 'unknown'>(true); return state; }
    return recommendations.compute.failed(found) ? state : { n: found.items.length };
  });
equal<ResultOf<typeof counter>, Json>(true);

// Services
declare const database: { transaction<T>(body: (tx: { query(sql: string): Promise<number> }) => Promise<T>): Promise<T> };
const store = sqlStore(database);
export const withStore = serve(payments, {
  charge: { effect: 'transaction', run: async (input, task) => {
    equal<typeof input, { amount: number; card: string }>(true);
    const rows = await task.tx.query('select 1'); equal<typeof rows, number>(true);
    if (rows === 0) throw task.errors.SuspectedFraud({});
    if (rows === 1) throw task.retryAfter('10 minutes', 'rate limited');
    return rows === 2 ? task.defer() : { paymentId: 'p' };
  } },
  refund: async (_input, task) => { equal<typeof task.errors, {}>(true); },
}, { store, slots: 3, grace: '110 seconds' });

// Schedules
system('reports', { processes: [withInput, noInput], services: [], schedules: [
  schedule('each-night', { process: withInput, cron: '30 2 * * *', zone: 'UTC', input: at => { equal<typeof at.day, string>(true); return {}; } }),
  schedule('cleaning', { process: noInput, cron: '0 3 * * SUN', zone: 'Europe/Paris', gap: 'skip', fold: 'last', jitter: '5 minutes' }),
] });

// Client
declare const connection: Connection;
const tutti = connect(trips, connection);
export const client = async () => {
  const { id, started } = await tutti.start(withInput, {}, { id: 'x', onOpen: 'attach', tags: { a: 'b' } }); is<string>(id); is<boolean>(started);
  await tutti.start(noInput, null);
  await tutti.publish(WithDefault, { a: 'x' }, { id: 'once' });
  await tutti.signal(fulfilOrder, 'o-1', CancelOrder, { orderId: 'o-1' });
  await tutti.signal(userActivity, 'u-1', Viewed, { userId: 'u-1', item: 'x' });
  const view = await tutti.query(fulfilOrder, 'o-1'); frozen<typeof view, { stage: 'packing' | 'shipping' }>(true);
  const result = await tutti.result(bookTrip, 'c', { timeout: '1 minute' }); equal<typeof result.flight, string>(true);
  for await (const one of tutti.list({ process: bookTrip, status: ['running', 'stuck'] })) is<string>(one.why);
  await tutti.complete(warehouse.pack, 'token', { parcelId: 'p' }); await tutti.complete(warehouse.unpack, 'token', null);
  await tutti.schedules.create('each-night', { process: withInput, cron: '30 2 * * *', zone: 'UTC', input: {}, within: '6 hours' });
  await tutti.schedules.create('cleaning', { process: noInput, cron: '0 3 * * SUN', zone: 'Europe/Paris' });
  await tutti.schedules.trigger('cleaning', { overlap: 'allow' });
  for await (const each of tutti.schedules.list()) is<readonly string[]>(each.running);
  await tutti.holds.pause({ service: warehouse }, 'a stocktaking', { clock: 'run', starts: 'reject' });
  for (const hold of await tutti.holds.list()) is<Date>(hold.since);
  is<string>((await tutti.flow(bookTrip, { sample: 100 })).code);
  await tutti.fail(inventory.reserve, 'token', inventory.reserve.errors.OutOfStock({ available: 0 }));
};

// Test kit
const cart = { cartId: 'c', email: 'a@example.com', total: 1, card: 'x', flight: { from: 'a', to: 'b', day: 'd' }, hotel: { city: 'c', from: 'f', nights: 1 } };
export const kit = async () => {
  await given(bookTrip, happened(CheckoutTravelCart, cart), answered(payments.charge, { paymentId: 'p' }), answered(flights.book, { reference: 'F1' }, { nth: 1 }))
    .when(answered(hotels.book, hotels.book.errors.SoldOut({ freeFrom: '2027-01-03' })))
    .expect(undoes(flights.book));
  await given(bookTrip).when(silent(payments.charge), cancelRequested('no')).expect(calls(payments.charge, { amount: 1, card: 'x' }), publishes(TripBooked), waits(CancelOrder), completes({ a: 1 }), isStuck('POISON'));
  await given(bookTrip).when(answered(payments.refund, null)).expect();
  const world = simulate(trips, { at: '2026-12-24T08:00:00Z', services: [paymentsHandler, scripted(flights, { book: async () => ({ reference: 'F1' }) }), scripted(shipping, {})], crash: point => point.at === 'after-commit' && point.count === 3 });
  equal<ReturnType<typeof world.calls<typeof payments.refund>>, readonly { paymentId: string }[]>(true);
  world.down(payments, '1 hour'); world.down(notifications, '1 hour'); await world.advance('30 days');
  await everyCrash(trips, { services: [paymentsHandler] }, async world => { await world.settle(); });
};

// Children
declare const anyCtx: AnyContext;
export const children = async () => {
  const kept = await anyCtx.child(bookTrip, { ...cart, total: 2 }, { id: 'c-1' }); is<string>(kept.flight);
  anyCtx.detach(anyCtx.child(noInput, null));
  const values = await anyCtx.map(['a'], (ctx, item, index) => { is<string>(item); is<number>(index); return ctx.sleep('1 day').then(() => index); }); equal<typeof values, readonly number[]>(true);
  const outcomes = await anyCtx.map([1], async () => 'x', { tolerate: 1, atOnce: 5 });
  for (const outcome of outcomes) if (outcome.ok) is<string>(outcome.value); else is<string>(outcome.failure.code);
  await anyCtx.scope('whole', async () => {}, { shielded: true });
  await given(bookTrip).when(ended(noInput, undefined)).expect(starts(bookTrip), starts(bookTrip, cart));
};

// A run that continues as new: the step never settles, so the result of the process stays as it is.
export const endless = process('endless', { input: z.object({ n: z.int(), by: z.int().default(1) }) }, async (ctx, { n }) => {
  if (n > 3) return { done: n };
  const suggests: boolean = ctx.suggestsContinuing;
  return suggests ? ctx.continueAsNew({ n: n + 1 }) : ctx.continueAsNew({ n, by: 2 }, { version: 'newest' });
});
equal<ResultOf<typeof endless>, { readonly done: number }>(true);
