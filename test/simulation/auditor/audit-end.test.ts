import { beforeAll, describe, expect, test } from 'vitest';
import { identityOf } from '../../../lib/core/identity.ts';
import { sha256 } from '../../../lib/format/inbox-message.ts';
import type { Head, JournalChunk } from '../../../lib/ports/process-store.ts';
import { trips } from '../scenarios/examples/trip-system.ts';
import type { EndedRun, Expectation } from '../scenarios/scenario.ts';
import { auditEnd } from './audit-end.ts';
import type { Evidence } from './evidence.ts';
import { PID, RecordedTrip } from './recorded-trip.ts';
import type { Told } from './told.ts';

const RUN = identityOf(sha256, { pid: PID, event: 'trips.checkout', id: 'start-c1' });

let booked: RecordedTrip;
let refused: RecordedTrip;
let long: RecordedTrip;

beforeAll(async () => {
  booked = await RecordedTrip.made('booked');
  refused = await RecordedTrip.made('no-hotel');
  long = await RecordedTrip.made('booked', { reminders: 12 });
});

const expected = (changed: Partial<Expectation> = {}): ReadonlyMap<string, Expectation> =>
  new Map([[PID, { starts: ['start-c1'], events: [], operated: [], judge: () => [], ...changed }]]);

const audited = async (evidence: Evidence, expectations = expected(), told: Partial<Told> = {}): Promise<string> =>
  (await auditEnd(evidence, expectations, { builds: [trips], ...told })).join('\n');

/** The evidence of a trip, with its head and its chunks changed. */
const withHead = (
  trip: RecordedTrip,
  change: (head: Head) => Partial<Head>,
  changed: (chunks: readonly JournalChunk[]) => readonly JournalChunk[] = (chunks) => chunks,
): Evidence => {
  const evidence = trip.evidence();
  const head = { ...trip.head, ...change(trip.head) };
  const index: Evidence['index'] = {
    due: (instant, limit) => evidence.index.due(instant, limit),
    tenants: () => evidence.index.tenants(),
    list: async function* () {
      yield head;
    },
  };
  return {
    ...evidence,
    index,
    store: {
      load: async (pids) => pids.map((pid) => (pid === PID ? head : undefined)),
      chunks: async (pid, run) => changed(await evidence.store.chunks(pid, run)),
    },
  };
};

const entriesOf =
  (change: (entry: string) => string) =>
  (head: Head): Partial<Head> => ({ tail: head.tail.map(change) });

describe('a correct end', () => {
  test.each([
    ['of a completed trip', () => booked],
    ['of an undone trip', () => refused],
    ['of a journal in chunks', () => long],
  ])('%s has no violation', async (_, trip) => {
    expect(await audited(trip().evidence())).toBe('');
  });

  test('passes each whole run to the judge', async () => {
    const judged: EndedRun[] = [];
    const judge = (run: EndedRun): readonly string[] => {
      judged.push(run);
      return [];
    };
    await audited(refused.evidence(), expected({ judge }));
    await audited(booked.evidence(), expected({ judge }));
    const [first, second] = judged;
    expect(first).toMatchObject({ pid: PID, run: RUN, status: 'failed', standing: [], disturbed: false });
    expect(first?.effects.map(({ command }) => command)).toEqual(['payments.book', 'flights.book', 'flights.undo', 'payments.undo']);
    expect(second).toMatchObject({ status: 'completed', result: { cartId: 'c1' } });
    expect(second?.standing).toHaveLength(4);
  });
});

test('auditEnd reports each fault that a judge finds, under the invariant that it names', async () => {
  const judge = (): readonly string[] => ['I4: a second seat', 'no seat'];
  const violations = await audited(booked.evidence(), expected({ judge }));
  expect(violations).toMatch(/^I4: .*a second seat$/m);
  expect(violations).toMatch(/^judged: .*no seat$/m);
});

test('I2 finds a command and an event that were never sent', async () => {
  const violations = await audited(
    withHead(
      booked,
      entriesOf((entry) => (entry.includes('CommandAnswered') && entry.includes('"n":1,') ? entry.replace('"n":1,', '"n":99,') : entry)),
    ),
    expected(),
    {
      wasSent: () => false,
      wasPublished: () => false,
    },
  );
  expect(violations).toContain('I2: ');
  expect(violations).toContain('was never published');
});

describe('I3', () => {
  test('finds a chunk that is missing', async () => {
    expect(
      await audited(
        withHead(
          long,
          () => ({}),
          (chunks) => chunks.slice(1),
        ),
      ),
    ).toContain('I3: ');
  });

  test('finds two chunks that disagree', async () => {
    const altered = (chunks: readonly JournalChunk[]): readonly JournalChunk[] => [
      ...chunks,
      ...chunks.map((chunk) => ({ ...chunk, entries: chunk.entries.map((entry) => entry.replace('"at":1', '"at":2')) })),
    ];
    expect(await audited(withHead(long, () => ({}), altered))).toContain('disagree');
  });
});

test('I5 finds a second outcome', async () => {
  const twice = ({ tail }: Head): Partial<Head> => ({ tail: [...tail, ...tail.filter((entry) => entry.includes('CommandAnswered'))] });
  expect(await audited(withHead(booked, twice))).toContain('I5: ');
});

describe('I6', () => {
  test('finds an event that is nowhere', async () => {
    const open = withHead(booked, () => ({
      status: 'running',
      tail: booked.head.tail.filter((entry) => !entry.includes('ProcessCompleted')),
    }));
    expect(await audited(open, expected({ events: ['lost-1'] }))).toContain('I6: lost-1');
  });

  test('finds a start that began nothing', async () => {
    expect(await audited({ ...booked.evidence(), store: { load: async () => [undefined], chunks: async () => [] } })).toContain(
      'I6: start-c1',
    );
  });

  test('allows an event to an instance that had closed', async () => {
    expect(await audited(booked.evidence(), expected({ events: ['after-1'] }))).toBe('');
  });

  test('accepts an event that is parked', async () => {
    const parking = {
      parked: async (pid: string) =>
        pid === PID ? [{ pid, id: '1#m1', reason: 'STUCK', detail: '', body: '{"id":"late-1"}', parkedAt: 1 }] : [],
    };
    const open = withHead(booked, () => ({
      status: 'running',
      tail: booked.head.tail.filter((entry) => !entry.includes('ProcessCompleted')),
    }));
    expect(await audited({ ...open, parking }, expected({ events: ['late-1'] }))).not.toContain('I6: ');
  });
});

test('I7 finds a run that no start began', async () => {
  expect(await audited(booked.evidence(), expected({ starts: [] }))).toContain('I7: ');
});

describe('I8', () => {
  test('finds messages that are left', async () => {
    expect(await audited(booked.evidence({ left: new Map([['inbox', 2]]) }))).toContain('I8: 2 messages are left in inbox');
  });

  test('finds an instance that neither ends nor is stuck', async () => {
    expect(await audited(withHead(booked, () => ({ status: 'running' })))).toContain('I8: ');
  });

  test('allows an instance that is expected never to end', async () => {
    expect(
      await audited(
        withHead(booked, () => ({ status: 'running' })),
        expected({ endless: true }),
      ),
    ).not.toContain('never ends');
  });

  test('finds an instance that is stuck with POISON if its process has no bug', async () => {
    const stuck = withHead(booked, () => ({ status: 'stuck', why: '{"code":"POISON"}' }));
    expect(await audited(stuck, expected({ sound: true }))).toContain('is stuck, though its process has no bug');
    expect(await audited(stuck)).not.toContain('I8: ');
  });

  test('finds an instance that is stuck without a reason', async () => {
    expect(await audited(withHead(booked, () => ({ status: 'stuck' })))).toContain('stuck without a reason');
    expect(await audited(withHead(booked, () => ({ status: 'stuck', why: '{"code":"UNKNOWN_OUTCOME"}' })))).not.toContain('I8: ');
  });

  test('finds an instance that is not in the list', async () => {
    const evidence = booked.evidence();
    const index: Evidence['index'] = { ...withHead(booked, () => ({})).index, list: async function* () {} };
    expect(await audited({ ...evidence, index })).toContain('the list says nothing of it');
  });
});

test('I9 finds an instance whose code no longer decides as before', async () => {
  expect(await audited(withHead(booked, () => ({ status: 'stuck', why: '{"code":"NONDETERMINISM"}' })))).toContain('I9: ');
});

describe('I10', () => {
  test('finds a completed command that is not undone', async () => {
    const altered = entriesOf((entry) => entry.replace(/,"undoes":"[^"]*\/1"/, ''));
    expect(await audited(withHead(refused, altered))).toContain('was not undone');
  });

  test('finds an undo that never completed', async () => {
    const undo = refused.head.tail
      .map((entry) => JSON.parse(entry) as { n?: number; undoes?: string })
      .find(({ undoes }) => undoes !== undefined)?.n;
    const altered = entriesOf((entry) =>
      entry.includes('CommandAnswered') && entry.includes(`"n":${undo},`) ? entry.replace('completed', 'cancelled') : entry,
    );
    expect(await audited(withHead(refused, altered))).toContain('was not undone');
  });

  test('finds undos in the order of completion', async () => {
    const swapped = entriesOf((entry) => entry.replace(/("undoes":"[^"]*\/)(\d+)"/, (_, start, n) => `${start}${n === '1' ? '2' : '1'}"`));
    expect(await audited(withHead(refused, swapped))).toContain('was completed later');
  });

  test('finds a completed command without an effect', async () => {
    const effects = booked.evidence().effects;
    const of = effects.find(({ command }) => command === 'flights.book');
    const other = { ...effects[0]!, commandId: 'default#book-trip#c2/r1/2', command: 'flights.book' };
    expect(await audited(booked.evidence({ effects: [...effects.filter((effect) => effect !== of), other] }))).toContain(
      'has had no effect',
    );
  });

  test('finds an effect of a command that was refused', async () => {
    const { effects } = refused.evidence();
    const hotel = { commandId: `${PID}/${RUN}/3`, command: 'hotels.book', input: null };
    expect(await audited(refused.evidence({ effects: [...effects, hotel] }))).toContain('and its effect stands');
  });
});

describe('I11', () => {
  test('finds an instance that was due and not woken', async () => {
    const evidence = withHead(booked, () => ({ due: 1 }));
    const index: Evidence['index'] = { ...evidence.index, due: async () => [{ pid: PID, run: booked.head.run, due: 1 }] };
    expect(await audited({ ...evidence, index })).toContain('I11: ');
  });

  test('finds a timer that fired early', async () => {
    const early = entriesOf((entry) => entry.replace(/("type":"TimerFired","at":)\d+/, '$11'));
    expect(await audited(withHead(booked, early))).toContain('fired early');
  });
});

describe('after a restore', () => {
  const told = { isDisturbed: () => true };
  const judge = (): readonly string[] => ['twice'];

  test('a stuck instance is excused, and so is one that waits for a lost event', async () => {
    const stuck = withHead(booked, () => ({ tail: booked.head.tail.slice(0, 2), status: 'stuck', why: '{"code":"FORK"}' }));
    expect(await audited(stuck, expected({ events: ['lost-1'], judge }), told)).toBe('');
    expect(
      await audited(
        withHead(booked, () => ({ status: 'running' })),
        expected(),
        told,
      ),
    ).toBe('');
  });

  test('an instance that waits for a past time is reported', async () => {
    const control = '{"format":2,"seq":9,"timers":[{"n":8,"path":"sleep:2","due":1,"purpose":"sleep"}]}';
    const waiting = withHead(booked, () => ({ status: 'running', control }));
    expect(await audited(waiting, expected(), told)).toMatch(/I8: .* never ends/);
  });
});
