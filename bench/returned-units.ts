/** Runs the counted cases on the DynamoDB adapters, and compares the units that DynamoDB returns with the predicted ones. */
import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { clientSettings } from '../lib/adapters/aws/client-settings.ts';
import type { ConsumedUnits } from '../lib/adapters/dynamodb/consumed-units.ts';
import { DynamoDbPayloadStore } from '../lib/adapters/dynamodb/payload-store.ts';
import { DynamoDbProcessStore } from '../lib/adapters/dynamodb/process-store.ts';
import { createTableInput, MAIN_TABLE } from '../lib/adapters/dynamodb/tables.ts';
import { MemoryPayloadStore } from '../lib/adapters/memory/payload-store.ts';
import { runBookings, runTours, tourWorld, tripWorld, type Check } from './counted-cases.ts';
import type { CountedWorld, Stores } from './counted-world.ts';

/** Units per event. */
export interface Units {
  readonly write: number;
  readonly read: number;
  readonly indexWrite: number;
}

export interface ReturnedRow {
  readonly kind: 'returned';
  readonly case: string;
  readonly row: string;
  readonly events: number;
  readonly predicted: Units;
  readonly returned: Units;
  readonly checks: readonly Check[];
}

/** Allowed difference between the returned and the predicted units. */
const DIFFERENCE_PERCENT_MAX = 5;

/** A long timeout: a write that is retried after a timeout is charged twice and counted once, and DynamoDB Local is slow at its start. */
const ANSWER_SECONDS = 60;

interface ReturnedCase {
  readonly row: string;
  readonly make: (stores: Stores) => CountedWorld;
  readonly run: (world: CountedWorld) => Promise<void>;
}

const BOOKINGS = 10;
const bookings = (
  row: string,
  options: { readonly soldOut?: boolean; readonly atOnce?: number; readonly cold?: boolean },
): ReturnedCase => ({
  row,
  make: (stores) => tripWorld(options.cold ?? false, stores),
  run: (world) => runBookings(world, BOOKINGS, options),
});
const tours = (steps: number, instances: number, cold = false): ReturnedCase => ({
  row: `${steps} steps, ${cold ? 'cold and spilled' : 'warm'}`,
  make: (stores) => tourWorld(cold, stores),
  run: (world) => runTours(world, instances, steps),
});

export const returnedCases: Readonly<Record<string, readonly ReturnedCase[]>> = {
  happy: [
    bookings('one at a time, warm', {}),
    bookings('one at a time, cold', { cold: true }),
    bookings('ten in a batch, cold', { cold: true, atOnce: 10 }),
  ],
  compensate: [bookings('one at a time, warm', { soldOut: true })],
  long: [tours(10, 5), tours(100, 1), tours(100, 1, true)],
};

/** Runs the cases of a name on the endpoint of the environment, each in a table of its own, which is deleted afterwards. */
export async function* returnedRows(name: string): AsyncIterable<ReturnedRow> {
  const client = new DynamoDBClient(clientSettings(ANSWER_SECONDS));
  try {
    for (const each of returnedCases[name] ?? []) yield await inTable(client, (table) => rowOf(name, each, client, table));
  } finally {
    client.destroy();
  }
}

const inTable = async <T>(client: DynamoDBClient, use: (table: string) => Promise<T>): Promise<T> => {
  const table = `tutti-bench-${randomUUID()}`;
  await client.send(new CreateTableCommand(createTableInput(table, MAIN_TABLE)));
  try {
    await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName: table });
    return await use(table);
  } finally {
    await client.send(new DeleteTableCommand({ TableName: table }));
  }
};

const rowOf = async (name: string, { row, make, run }: ReturnedCase, client: DynamoDBClient, table: string): Promise<ReturnedRow> => {
  const sums = { write: 0, read: 0, indexWrite: 0 };
  const onConsumed = (units: ConsumedUnits): void => {
    sums.write += units.write;
    sums.read += units.read;
    sums.indexWrite += units.indexWrite;
  };
  const world = make({
    processStore: new DynamoDbProcessStore({ client, table, onConsumed }),
    payloadStore: new DynamoDbPayloadStore({ client, table, large: new MemoryPayloadStore(), onConsumed }),
  });
  await run(world);
  const { events, counts } = world;
  const read = counts.readUnits - counts.missingUnits;
  const predicted = anEvent({ write: counts.writeUnits, read, indexWrite: counts.indexWrites }, events);
  const returned = anEvent(sums, events);
  return { kind: 'returned', case: name, row, events, predicted, returned, checks: agreement(predicted, returned) };
};

const anEvent = ({ write, read, indexWrite }: Units, events: number): Units => ({
  write: write / events,
  read: read / events,
  indexWrite: indexWrite / events,
});

const WORDS = { write: 'write units', read: 'read units', indexWrite: 'index writes' } as const;

export const agreement = (predicted: Units, returned: Units): readonly Check[] =>
  (['write', 'read', 'indexWrite'] as const).map((kind) => ({
    what: `difference of the ${WORDS[kind]} returned, in percent of those predicted`,
    counted: differencePercent(predicted[kind], returned[kind]),
    atMost: DIFFERENCE_PERCENT_MAX,
  }));

/** A unit that was not predicted at all is always a difference. */
const differencePercent = (predicted: number, returned: number): number => {
  if (predicted === returned) return 0;
  return predicted === 0 ? Infinity : (Math.abs(returned - predicted) / predicted) * 100;
};
