// Each misuse that the compiler must reject. Only the compiler reads this file.
import * as z from 'zod';
import { answer, command, decider, event, process, publish, schedule, send, service, timer, versions, type AnyContext, type Duration, type Failure } from 'tutti';
import { serve } from 'tutti/service';
import { connect, type Connection } from 'tutti/client';
import { answered, happened, scripted } from 'tutti/testing';
import { bookTrip } from '../../examples/travel-booking/book-trip.ts';
import { flights, hotels, notifications, payments, TripBooked } from '../../examples/travel-booking/contracts.ts';
import { trips } from '../../examples/travel-booking/system.ts';
import { CancelOrder, inventory, OrderPlaced, shipping, warehouse } from '../../examples/order-fulfilment/contracts.ts';
import { fulfilOrder } from '../../examples/order-fulfilment/fulfil-order.ts';
import { Viewed } from '../../examples/user-activity/contracts.ts';
import { userActivity } from '../../examples/user-activity/user-activity.ts';

// Schemas
// @ts-expect-error a Date is not JSON
export const s1 = event('x.a', z.object({ at: z.date() }));
// @ts-expect-error a bigint is not JSON
export const s2 = event('x.a', z.object({ deep: z.object({ n: z.bigint() }) }));
// @ts-expect-error unknown may not be JSON
export const s3 = event('x.a', z.object({ any: z.unknown() }));
// @ts-expect-error the output (number) is not an input (string)
export const s4 = event('x.a', z.object({ n: z.string().transform(Number) }));
// @ts-expect-error a Map is not JSON
export const s5 = command({ input: z.object({ m: z.map(z.string(), z.string()) }) });
// @ts-expect-error a Date in an output
export const s6 = command({ input: z.object({}), output: z.object({ at: z.date() }) });
// @ts-expect-error a Date in an error
export const s7 = command({ input: z.object({}), errors: { No: z.object({ at: z.date() }) } });
// @ts-expect-error no owner in the name
export const s8 = event('checkout', z.object({}));
// @ts-expect-error the upcast does not return the data of the new version
export const s9 = versions(z.object({ street: z.string() })).next(z.object({ lines: z.array(z.string()) }), old => ({ lines: old.street }));
// @ts-expect-error a Date in a view
export const s10 = process('p', { view: z.object({ at: z.date() }) }, async () => {});
// @ts-expect-error a Date in the state of a decider
export const s11 = decider('d', { state: z.object({ at: z.date() }), initial: () => ({ at: new Date() }) });
interface Declared { name: string }
// @ts-expect-error an interface has no index signature: write a type
export const s12 = event('x.a', z.custom<Declared>());

// Undo
const put = z.object({ key: z.string() }), kept = z.object({ receipt: z.string() }), remove = command({ input: z.object({ receipt: z.string() }) });
// @ts-expect-error the output has no such field
export const u1 = command({ input: put, output: kept, undo: { command: remove, input: (_put, done) => ({ receipt: done.recipt }) } });
// @ts-expect-error the input of the undo command has `receipt`
export const u2 = command({ input: put, output: kept, undo: { command: remove, input: put => ({ key: put.key }) } });
// @ts-expect-error the receipt has another type
export const u3 = command({ input: put, output: kept, undo: { command: remove, input: () => ({ receipt: 7 }) } });
// @ts-expect-error the mapper is missing
export const u4 = command({ input: put, output: kept, undo: { command: remove } });
// @ts-expect-error an undo must be a definition, not a command of a service
export const u6 = command({ input: put, output: kept, undo: { command: payments.refund, input: () => ({ paymentId: 'p' }) } });
// @ts-expect-error the same as the first, written inside service({…})
export const u5 = service('u', { remove, put: command({ input: put, output: kept, undo: { command: remove, input: (_put, done) => ({ receipt: done.recipt }) } }) });

// Limits
// @ts-expect-error no such period
export const l1 = command({ input: put, limits: { rate: '10 per week' } });
// @ts-expect-error a rate is a text
export const l2 = command({ input: put, limits: { rate: 10 } });
// @ts-expect-error a concurrency is a number
export const l3 = command({ input: put, limits: { concurrency: '4' } });
// @ts-expect-error the input has no such field
export const l4 = command({ input: put, limits: { concurrency: 4, key: input => input.card } });
// @ts-expect-error the key is a text
export const l5 = command({ input: put, limits: { concurrency: 4, key: input => input.key.length } });

// Inline steps
declare const bank: { charge(): Promise<{ id: string }>; account(): Promise<Declared> };
export const r1 = process('r', {}, async ctx => {
  // @ts-expect-error a Date in the output
  await ctx.run('a', async () => ({ at: new Date() }));
  // @ts-expect-error a Map in the output
  await ctx.run('a', async () => ({ m: new Map<string, string>() }));
  // @ts-expect-error the output may be undefined
  await ctx.run('a', async task => (task.attempt > 1 ? { id: 'x' } : undefined));
  // @ts-expect-error unknown may not be JSON
  await ctx.run('a', async (): Promise<unknown> => 1);
  // @ts-expect-error an interface has no index signature: return the fields that the process needs
  await ctx.run('a', () => bank.account());
  // @ts-expect-error no such field in the output, for the undo
  await ctx.run('a', () => bank.charge(), { undo: async receipt => { receipt.ident; } });
  // @ts-expect-error no such field in the output, for the process
  (await ctx.run('a', () => bank.charge())).ident;
  // @ts-expect-error the body is not asynchronous
  await ctx.run('a', () => 5);
  // @ts-expect-error no such effect class
  await ctx.run('a', () => bank.charge(), { effect: 'transaction' });
  // @ts-expect-error the name is missing
  await ctx.run(() => bank.charge());
});

// Processes
const Other = event('x.other', z.object({ n: z.int() })), Keyed = event('x.keyed', z.object({ card: z.string() }));
export const p1 = process('p', { startOn: OrderPlaced.byId(order => order.orderId), receives: [CancelOrder.byId(cancel => cancel.orderId)],
  publishes: [TripBooked], errors: { NoDriver: z.object({ tried: z.int() }) } }, async (ctx, order) => {
  // @ts-expect-error no such field in the input
  order.order;
  // @ts-expect-error wrong field in a call
  await ctx.call(payments.charge, { amount: 1, card: 'x', cvc: '1' });
  // @ts-expect-error wrong type in a call
  await ctx.call(payments.charge, { amount: '1', card: 'x' });
  // @ts-expect-error a field is missing in a call
  await ctx.call(payments.charge, { amount: 1 });
  // @ts-expect-error a service is not a command
  await ctx.call(payments, { amount: 1, card: 'x' });
  // @ts-expect-error the service has no such command
  await ctx.call(payments.chrge, { amount: 1, card: 'x' });
  // @ts-expect-error a process is not called
  await ctx.call(bookTrip, { cartId: 'x' });
  // @ts-expect-error a decider is not called
  await ctx.try(userActivity, {});
  // @ts-expect-error a process is not sent
  ctx.send(bookTrip, { cartId: 'x' });
  // @ts-expect-error an event in a loop that is not in receives
  ctx.each([CancelOrder, Other]);
  // @ts-expect-error a period is a duration
  ctx.every('daily', () => undefined);
  // @ts-expect-error a level is one of four words
  ctx.log('loud', 'text');
  // @ts-expect-error the fields of a line have names
  ctx.log('info', 'text', 7);
  // @ts-expect-error the data of a failure is JSON
  ctx.fail('no', new Date());
  // @ts-expect-error a command with an undo is not sent
  ctx.send(payments.charge, { amount: 1, card: 'x' });
  // @ts-expect-error the command has no undo
  await ctx.undo(ctx.call(notifications.notify, { to: 'x', message: 'y' }));
  // @ts-expect-error the tried command has no undo
  await ctx.undo(ctx.try(notifications.notify, { to: 'x', message: 'y' }));
  // @ts-expect-error wrong field in a send
  ctx.send(notifications.notify, { to: 'x', mesage: 'y' });
  // @ts-expect-error the event is neither in receives nor in startOn
  await ctx.waitFor(Other);
  // @ts-expect-error the event is in neither, with a timeout
  await ctx.waitFor(Other, { timeout: '1 day' });
  // @ts-expect-error the event correlates by id, so there is no key
  await ctx.waitFor(CancelOrder, { key: 'x' });
  // @ts-expect-error a misspelt option
  await ctx.waitFor(CancelOrder, { timout: '1 day' });
  // @ts-expect-error no such field in the event
  await ctx.waitFor(CancelOrder, { match: cancel => cancel.id === 'x' });
  // @ts-expect-error a timeout may give undefined
  (await ctx.waitFor(CancelOrder, { timeout: '1 day' })).orderId;
  // @ts-expect-error not declared in publishes
  ctx.publish(Other, { n: 1 });
  // @ts-expect-error the event declares no answer
  ctx.answer(CancelOrder, { fee: 1 });
  // @ts-expect-error wrong data of an event
  ctx.publish(TripBooked, { cartId: 'c', flight: 'f', hotel: 7 });
  // @ts-expect-error an undeclared error
  ctx.errors.NoCar({});
  // @ts-expect-error wrong data of an error
  ctx.errors.NoDriver({ tried: 'x' });
  // @ts-expect-error the input of the next run is that of a start
  await ctx.continueAsNew({ cart: 'x' });
  // @ts-expect-error a run continues on its own version or on the newest
  await ctx.continueAsNew({ cartId: 'c' } as never, { version: 2 });
  // @ts-expect-error no view declared
  ctx.view({ stage: 'packing' });
  // @ts-expect-error a typo in a duration
  await ctx.sleep('1 dya');
  // @ts-expect-error a duration has a unit
  await ctx.sleep(1000);
  // @ts-expect-error a plain promise is not a branch: it cannot be cancelled
  await ctx.race({ a: ctx.sleep('1 day'), b: Promise.resolve(1) });
  // @ts-expect-error the promise of `then` is not a branch
  await ctx.race({ a: ctx.sleep('1 day').then(() => 1) });
  const first = await ctx.race({ cancelled: ctx.waitFor(CancelOrder), booked: ctx.call(flights.book, { from: 'a', to: 'b', day: 'd' }) });
  // @ts-expect-error no such branch
  if (first.winner === 'canceled') return;
  // @ts-expect-error which branch won is not known yet
  first.value.reference;
  // @ts-expect-error the value of the other branch
  if (first.winner === 'cancelled') first.value.reference;
  const tried = await ctx.try(hotels.book, { city: 'x', from: 'f', nights: 1 });
  // @ts-expect-error it may have failed
  tried.reference;
  // @ts-expect-error no error has a `reason`
  if (hotels.book.failed(tried)) tried.data.reason;
  return;
});
// @ts-expect-error what a process returns must be JSON
export const p2 = process('p', {}, async () => ({ at: new Date() }));
interface Receipt { paymentId: string }
// @ts-expect-error an interface has no index signature: write a type
export const p8 = process('p', {}, async (): Promise<Receipt> => ({ paymentId: 'p' }));
// @ts-expect-error a Map is not JSON
export const p9 = process('p', {}, async () => ({ seen: new Map<string, string>() }));
// @ts-expect-error a process does not start on an event by key
export const p3 = process('p', { startOn: Keyed.byKey(keyed => keyed.card) }, async () => {});
export const p10 = process('p', { startOn: Other.byId(() => 'x'), receives: [Keyed.byKey(keyed => keyed.card, { deliver: 'first' })] }, async ctx => {
  await ctx.waitFor(Keyed, { key: 'k', timeout: '1 day' });
  // @ts-expect-error a wait for an event by key has a key
  await ctx.waitFor(Keyed);
  // @ts-expect-error a wait for an event by key has a key
  await ctx.waitFor(Keyed, { timeout: '1 day' });
  // @ts-expect-error x.other is received by id, so it has no key: leave it out
  await ctx.waitFor(Other, { key: 'k' });
  // @ts-expect-error x.keyed is received by key: use ctx.waitFor with its key
  for await (const each of ctx.each([Keyed])) void each;
});
// @ts-expect-error no such delivery
Keyed.byKey(keyed => keyed.card, { deliver: 'some' });
// @ts-expect-error an event without byId does not name an instance
export const p4 = process('p', { startOn: OrderPlaced }, async () => {});
// @ts-expect-error no such field in the event
export const p5 = process('p', { startOn: OrderPlaced.byId(order => order.id) }, async () => {});
// @ts-expect-error no such policy
export const p6 = process('p', { onOpen: 'ignore' }, async () => {});
// @ts-expect-error no such option
export const p7 = process('p', { recieves: [] }, async () => {});

// Guards
const twoErrors = service('two', { run: command({ input: z.object({}), errors: { First: z.object({ a: z.string() }), Second: z.object({ b: z.string() }) } }) });
export const guards = (error: unknown, failure: Failure) => {
  if (twoErrors.run.failed(error)) {
    // @ts-expect-error no such type
    if (error.type === 'Frist') return;
    // @ts-expect-error the type of the failure is not known yet
    error.data.a;
    // @ts-expect-error the data of the other one
    if (error.type === 'Second') error.data.a;
  }
  // @ts-expect-error an unknown value has no type
  error.type;
  // @ts-expect-error a command without errors never fails in this way
  if (payments.refund.failed(failure)) failure.data;
  // @ts-expect-error not every failure has data
  failure.data;
};

// Services
const Sorted = z.object({ to: z.enum(['left', 'right']) }), sorting = service('sorting', { sort: command({ input: z.object({}), output: Sorted }) });
// @ts-expect-error a handler is missing
serve(payments, { charge: async () => ({ paymentId: 'p' }) });
// @ts-expect-error no such command
serve(payments, { charge: async () => ({ paymentId: 'p' }), refund: async () => {}, repay: async () => {} });
// @ts-expect-error the wrong output
serve(payments, { charge: async () => ({ payment: 'p' }), refund: async () => {} });
// @ts-expect-error no such value of an enum
serve(sorting, { sort: async () => ({ to: 'middle' }) });
// @ts-expect-error the same in a script
scripted(sorting, { sort: async () => ({ to: 'middle' }) });
// @ts-expect-error no such literal
serve(sorting, { sort: { run: async (_input, task) => task.attempt > 1 ? { to: 'left' } : { to: 3 } } });
// @ts-expect-error no such handler, beside all others
serve(sorting, { sort: async () => ({ to: 'left' }), sorted: async () => {} });
// @ts-expect-error no such value in the first state
decider('d', { state: Sorted, initial: () => ({ to: 'middle' }) });
// @ts-expect-error no such value in the input of an undo
command({ input: z.object({}), undo: { command: command({ input: Sorted }), input: () => ({ to: 'middle' }) } });
// @ts-expect-error no such value in the newer version
versions(z.object({})).next(Sorted, () => ({ to: 'middle' }));
// @ts-expect-error the wrong output, with run
serve(payments, { charge: { run: async () => ({ paymentId: 7 }) }, refund: async () => {} });
// @ts-expect-error the output is missing
serve(payments, { charge: async () => {}, refund: async () => {} });
serve(payments, {
  charge: async (input, task) => {
    // @ts-expect-error wrong data of an error
    if (input.amount === 1) throw task.errors.CardDeclined({ why: 'x' });
    // @ts-expect-error an undeclared error
    if (input.amount === 2) throw task.errors.Broke({});
    // @ts-expect-error no such field
    if (input.sum === 3) throw task.retryAfter('10 minutes', 'x');
    // @ts-expect-error a typo in a duration
    throw task.retryAfter('10 mins', 'x');
  },
  // @ts-expect-error no store, so no transaction
  refund: async (_input, task) => { task.tx.query(); },
});
// @ts-expect-error no such effect
serve(payments, { charge: { effect: 'twice', run: async () => ({ paymentId: 'p' }) }, refund: async () => {} });

// Client
declare const connection: Connection;
const tutti = connect(trips, connection);
// @ts-expect-error wrong input
tutti.start(bookTrip, { cartId: 'x' });
// @ts-expect-error a decider starts with its first event
tutti.start(userActivity, {});
// @ts-expect-error wrong output
tutti.complete(warehouse.pack, 'token', { parcel: 'x' });
// @ts-expect-error the output of another command
tutti.fail(warehouse.pack, 'token', inventory.reserve.errors.OutOfStock({ available: 1 }));
// @ts-expect-error the process does not receive that event
tutti.signal(fulfilOrder, 'o-1', Viewed, { userId: 'u', item: 'i' });
// @ts-expect-error wrong data
tutti.signal(fulfilOrder, 'o-1', CancelOrder, { id: 'o-1' });
// @ts-expect-error wrong data
tutti.publish(CancelOrder, { id: 'o-1' });
// @ts-expect-error the event declares no answer
tutti.ask(fulfilOrder, 'o-1', CancelOrder, { orderId: 'o-1' });
// @ts-expect-error no such status
tutti.list({ status: 'done' });
// @ts-expect-error no such field in the view
tutti.query(fulfilOrder, 'o-1').then(view => view.status);
// @ts-expect-error no view
tutti.query(bookTrip, 'c').then(view => view.stage);

// Deciders
const State = z.object({ n: z.int(), tags: z.array(z.string()) }), tick = timer('tick');
const counter = decider('counter', { state: State, initial: () => ({ n: 0, tags: [] }) });
// @ts-expect-error a field of the state has the wrong type
counter.on(Other.byId(() => 'x'), (state, other) => ({ ...state, n: String(other.n) }));
// @ts-expect-error the same beside an action
counter.on(Other.byId(() => 'x'), (state, other) => [{ ...state, n: String(other.n) }, tick.in('1 day')]);
// @ts-expect-error a field is missing
counter.on(Other.byId(() => 'x'), (_, other) => ({ n: other.n }));
// @ts-expect-error no such field in the event
counter.on(Other.byId(() => 'x'), (state, other) => ({ ...state, n: other.m }));
// @ts-expect-error not an action
counter.on(Other.byId(() => 'x'), state => [state, 'end']);
// @ts-expect-error not declared in publishes
counter.on(Other.byId(() => 'x'), state => [state, publish(Viewed, { userId: 'u', item: 'i' })]);
// @ts-expect-error wrong input of a command
counter.on(tick, state => [state, send(shipping.ship, { parcel: 'x' })]);
// @ts-expect-error the reply may be a failure
counter.on(inventory.reserve, (state, stock) => ({ ...state, tags: [stock.reservationId] }));
// @ts-expect-error an event without byId does not name an instance
counter.on(Other, state => state);
// @ts-expect-error a decider does not wait by key
counter.on(Keyed.byKey(keyed => keyed.card), state => state);
// @ts-expect-error the first state has the wrong type
export const d1 = decider('d', { state: State, initial: () => ({ n: '0', tags: [] }) });

// Test kit
// @ts-expect-error wrong data
happened(CancelOrder, { id: 'x' });
// @ts-expect-error wrong output
answered(flights.book, { ref: 'x' });
// @ts-expect-error the failure of another command
answered(flights.book, hotels.book.errors.SoldOut({ freeFrom: 'x' }));
// @ts-expect-error no such command
scripted(flights, { bok: async () => ({ reference: 'F1' }) });
// @ts-expect-error wrong output
scripted(flights, { book: async () => ({ ref: 'F1' }) });

// Children
declare const anyCtx: AnyContext;
// @ts-expect-error the event declares no answer
answer(CancelOrder, { fee: 1 });
// @ts-expect-error a decider is no child
anyCtx.child(counter, null);
// @ts-expect-error wrong input of a child
anyCtx.child(bookTrip, { cartId: 1 });
// @ts-expect-error a child is not undone by ctx.undo
anyCtx.undo(anyCtx.child(bookTrip, {} as never));
// @ts-expect-error a sleep is not detached
anyCtx.detach(anyCtx.sleep('1 day'));
// @ts-expect-error no such option
anyCtx.map([1], async () => {}, { parallel: 2 });

// Durations
// @ts-expect-error no unit
export const t1: Duration = '1';
// @ts-expect-error a typo
export const t2: Duration = '2 dayz';
// @ts-expect-error a word is not a number
export const t3: Duration = 'two days';
// @ts-expect-error days are the longest
export const t4: Duration = '1 month';
// @ts-expect-error any text
export const t5: Duration = 'soon' as string;

// Schedules
const NIGHT = { cron: '30 2 * * *', zone: 'Europe/Paris' } as const;
const report = process('report', { input: z.object({ day: z.string() }) }, async () => {});
// @ts-expect-error the zone is missing
schedule('nightly', { process: report, cron: '30 2 * * *', input: at => ({ day: at.day }) });
// @ts-expect-error the input is missing
schedule('nightly', { process: report, ...NIGHT });
// @ts-expect-error the wrong input
schedule('nightly', { process: report, ...NIGHT, input: at => ({ day: 7, at }) });
// @ts-expect-error no such overlap
schedule('nightly', { process: report, ...NIGHT, overlap: 'queue', input: at => ({ day: at.day }) });
// @ts-expect-error no such member of a time
schedule('nightly', { process: report, ...NIGHT, input: at => ({ day: at.date }) });
// @ts-expect-error only events start a decider
schedule('nightly', { process: userActivity, ...NIGHT, input: () => ({}) });
// @ts-expect-error a duration is a text
schedule('nightly', { process: report, ...NIGHT, within: 6, input: at => ({ day: at.day }) });
// @ts-expect-error a client stores an input, not a function
connect(trips, {} as Connection).schedules.create('nightly', { process: report, ...NIGHT, input: () => ({ day: 'x' }) });

// Forks
// @ts-expect-error a fork is journaled with its reason
void tutti.fork(report, 'r-1', { at: 'start' });
// @ts-expect-error the cut is missing
void tutti.fork(report, 'r-1', { reason: 'again' });
// @ts-expect-error no such choice for a completed step
void tutti.fork(report, 'r-1', { at: 'start', reason: 'again', completed: 'keep' });
// @ts-expect-error no such choice for one step
void tutti.fork(report, 'r-1', { at: 'start', reason: 'again', completed: { 'payments.charge:1': 'redo' } });
// @ts-expect-error events are chosen by their ids
void tutti.fork(report, 'r-1', { at: 'start', reason: 'again', events: 'some' });
// @ts-expect-error a plan changes nothing, so it has no reason
void tutti.previewFork(report, 'r-1', { at: 'start', reason: 'again' });

// Starts that wait
const Filed = event('docs.filed', z.object({ doc: z.string() }));
const byDoc = { startOn: Filed.byId(({ doc }) => doc) };
// @ts-expect-error no such policy
process('p', { ...byDoc, onOpen: 'wait' }, async () => {});
// @ts-expect-error the number of slots is missing
process('p', { ...byDoc, start: { concurrency: {} } }, async () => {});
// @ts-expect-error a window needs its size
process('p', { ...byDoc, start: { batch: { within: '1 minute' } } }, async () => {});
// @ts-expect-error a duration is a text
process('p', { ...byDoc, start: { debounce: { quiet: 60 } } }, async () => {});
// @ts-expect-error no such field in the start
process('p', { ...byDoc, start: { concurrency: { key: ({ owner }) => owner, most: 1 } } }, async () => {});
// @ts-expect-error an instance of a window gets a list of starts
process('p', { ...byDoc, start: { batch: { size: 2, within: '1 minute' } } }, async (_ctx, filed) => filed.doc);

// Operations on many instances
const many = connect(trips, {} as Connection);
// @ts-expect-error a pause is journaled with its reason
many.holds.pause({ process: report });
// @ts-expect-error a pause is of a process or of a service
many.holds.pause({}, 'a wrong price');
// @ts-expect-error not of both
many.holds.pause({ process: report, service: payments }, 'a wrong price');
// @ts-expect-error a process is given by its definition, not by its name
many.holds.preview({ process: 'report' });
// @ts-expect-error a command is not paused, but its service
many.holds.pause({ service: payments.charge }, 'a wrong price');
// @ts-expect-error a clock stops or runs
many.holds.pause({ process: report }, 'a wrong price', { clock: 'slow' });
// @ts-expect-error a start is kept or refused
many.holds.pause({ process: report }, 'a wrong price', { starts: 'drop' });
// @ts-expect-error a process is given by its definition, not by its name
many.flow('report');
// @ts-expect-error a sample is a number of instances
many.flow(report, { sample: 'all' });
// @ts-expect-error no such operation
many.bulk.preview({ act: 'delete', where: 'process:book-trip' });
// @ts-expect-error the filter is missing
many.bulk.preview({ act: 'cancel' });
// @ts-expect-error the reason is missing
many.bulk.preview({ act: 'cancel', where: 'process:book-trip' }).then(preview => many.bulk.start(preview));
// @ts-expect-error a job starts from its preview, not from a filter
many.bulk.start({ act: 'cancel', where: 'process:book-trip' }, { reason: 'a storm' });
// @ts-expect-error the rate is a number of operations a second
many.bulk.preview({ act: 'cancel', where: 'x' }).then(preview => many.bulk.start(preview, { reason: 'x', perSecond: '10' }));
// @ts-expect-error the version to move to is missing
many.move(report, 'r-1', { reason: 'a fix' });
