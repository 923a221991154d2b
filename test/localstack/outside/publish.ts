import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { Deployment } from './deployment.ts';

/** JSON whose text is ASCII, as the wire contract asks. */
export const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** An event of the wire contract, with what the test says otherwise. */
export const envelope = (type: string, data: unknown, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  specversion: '1.0',
  id: crypto.randomUUID(),
  source: type.split('.')[0],
  type,
  time: new Date().toISOString(),
  datacontenttype: 'application/json',
  hops: 0,
  data,
  ...more,
});

/** Puts an event on the bus, or whatever a producer takes for one. */
export async function putOnBus(
  { events, bus }: Deployment,
  entry: { readonly source: string; readonly type: string; readonly detail: string },
): Promise<void> {
  const { Entries } = await events.send(
    new PutEventsCommand({ Entries: [{ EventBusName: bus, Source: entry.source, DetailType: entry.type, Detail: entry.detail }] }),
  );
  const fault = Entries?.[0]?.ErrorCode;
  if (fault !== undefined) throw new Error(`The bus refused ${entry.type}: ${fault} ${Entries![0]!.ErrorMessage}`);
}

export async function publish(
  deployment: Deployment,
  type: string,
  data: unknown,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const event = envelope(type, data, more);
  await putOnBus(deployment, { source: type.split('.')[0]!, type, detail: asciiJson(event) });
}

/** A checked out cart of the travel booking. */
export const cart = (cartId: string, city = 'Lisbon'): Readonly<Record<string, unknown>> => ({
  cartId,
  email: 'ada@example.com',
  total: 129_000,
  card: 'tok_1',
  flight: { from: 'BER', to: 'LIS', day: '2027-02-05' },
  hotel: { city, from: '2027-02-05', nights: 3 },
});

export const checkOut = (deployment: Deployment, cartId: string, city?: string): Promise<void> =>
  publish(deployment, 'trips.checkout-travel-cart', cart(cartId, city));
