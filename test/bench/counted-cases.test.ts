import { describe, expect, test, vi } from 'vitest';
import { countedCases, isHeld, type CountedRow } from '../../bench/counted-cases.ts';
import { SendsOfBatch } from '../../bench/counting-ports.ts';
import { countPart } from '../../bench/part-counts.ts';

const counted = new Map<string, Promise<CountedRow[]>>();

/** Counted once for all tests, because the counts are deterministic. */
const rowsOf = (name: string): Promise<CountedRow[]> => {
  const known = counted.get(name);
  if (known) return known;
  const rows = count(name);
  counted.set(name, rows);
  return rows;
};

const count = async (name: string): Promise<CountedRow[]> => {
  const rows: CountedRow[] = [];
  for await (const row of countedCases[name]!()) rows.push(row);
  return rows;
};

// The cases count calls, not time: a loaded machine may need more than the default of Vitest.
vi.setConfig({ testTimeout: 120_000 });

describe('counted calls', () => {
  test('a warm event of a booking takes one store call, and a cold one two', async () => {
    const [warm, cold] = await rowsOf('happy');
    expect([warm!.decisionCallsMax, cold!.decisionCallsMax]).toEqual([1, 2]);
  });

  test('ten cold bookings of one batch send their pending sends in one call', async () => {
    const row = (await rowsOf('happy')).find((each) => each.row === 'ten in a batch, cold')!;
    expect(row.checks.find((check) => check.what.startsWith('sends'))).toEqual({
      what: 'sends beyond one a target and batch',
      counted: 0,
      atMost: 0,
    });
  });

  test('a booking has five events, and a compensated one seven', async () => {
    const rows = [...(await rowsOf('happy')), ...(await rowsOf('compensate'))];
    expect(rows.map(({ events }) => events / 100)).toEqual([5, 5, 5, 5, 7, 7]);
  });

  test('fifty answers to one instance in batches of ten take at most ten writes', async () => {
    const [row] = await rowsOf('hot');
    const writes = row!.checks.find((check) => check.what === 'writes for 50 answers')!;
    expect(writes.counted).toBeGreaterThanOrEqual(5);
    expect(isHeld(writes)).toBe(true);
  });

  test('fifty answers in fifty environments take at most a hundred head writes with a hot lane, and many more without', async () => {
    const [, lane, plain] = await rowsOf('hot');
    const writes = lane!.checks.find((check) => check.what === 'head writes for 50 answers')!;
    expect(writes.counted).toBeGreaterThan(10);
    expect(isHeld(writes)).toBe(true);
    expect(lane!.storeCallsPerEvent).toBeLessThan(plain!.storeCallsPerEvent / 2);
  }, 60_000);

  test('a child costs two messages, and its parent and itself at most one and a half write units', async () => {
    const rows = await rowsOf('children');
    for (const { checks } of rows) expect(checks.filter((check) => !isHeld(check))).toEqual([]);
    expect(rows.map(({ events }) => events)).toEqual([201, 201]);
  });

  test('a cold event of an instance with a spilled journal takes three store calls', async () => {
    const [row] = await rowsOf('replay');
    expect(row!.decisionCallsMax).toBe(3);
  });

  test('the step runner reads the head of a step once, its chunks in one query, and replays once', async () => {
    const counts = (await rowsOf('steps')).map(({ checks }) => checks.filter(({ what }) => what.includes('step runner')));
    expect(counts.map((checks) => checks.map(({ counted }) => counted))).toEqual([
      [1, 1, 1],
      [2, 3, 1],
    ]);
  });
});

describe('one use of a part', () => {
  test('takes at most the messages and write units that its limits say', async () => {
    const over = (await rowsOf('parts')).flatMap(({ row, checks }) =>
      checks.filter((check) => !isHeld(check)).map((check) => [row, check]),
    );
    expect(over).toEqual([]);
  });

  test('receives an event by a key in five messages, of which two are for each further event', async () => {
    expect((await countPart('key')).events).toBe(5);
    expect((await countPart('same-key')).events).toBe(2);
  });

  test('continues as new at an event in one message and three write units', async () => {
    // The worker reads its copy of the holds every ten seconds.
    expect(await countPart('endless')).toMatchObject({ events: 1, writeUnits: 3, readUnits: 0.1 });
  });
});

describe('counts over their limit', () => {
  test('a count above its limit is reported, and a count that equals it is not', () => {
    expect(isHeld({ what: 'write units an event', counted: 1.3, atMost: 1.3 })).toBe(true);
    expect(isHeld({ what: 'write units an event', counted: 1.31, atMost: 1.3 })).toBe(false);
  });

  test('a second call to a target is reported if its messages fit into one call', () => {
    const batch = new SendsOfBatch();
    batch.count('payments', 3);
    batch.count('payments', 2);
    batch.count('flights', 10);
    batch.count('flights', 10);
    expect(batch.end()).toBe(1);
  });

  test('calls of the next batch are counted separately', () => {
    const batch = new SendsOfBatch();
    batch.count('payments', 1);
    expect(batch.end()).toBe(0);
    batch.count('payments', 1);
    expect(batch.end()).toBe(0);
  });
});
