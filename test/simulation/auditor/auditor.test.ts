import { beforeAll, describe, expect, test } from 'vitest';
import { runAfter } from '../../../lib/core/continuing.ts';
import { sha256 } from '../../../lib/format/inbox-message.ts';
import type { Head } from '../../../lib/ports/process-store.ts';
import { PID, RecordedTrip, told, type Happening } from './recorded-trip.ts';

let booked: readonly Happening[];
let refused: readonly Happening[];
let long: readonly Happening[];
let early: readonly Happening[];

beforeAll(async () => {
  booked = (await RecordedTrip.made('booked')).happenings;
  refused = (await RecordedTrip.made('no-hotel')).happenings;
  long = (await RecordedTrip.made('booked', { reminders: 12 })).happenings;
  early = (await RecordedTrip.made('confirmed', { early: true })).happenings;
});

type Kind = Happening['kind'];
type Of<K extends Kind> = Extract<Happening, { kind: K }>;

/** The index of the first happening of that kind whose JSON holds all texts. */
const find = (all: readonly Happening[], kind: Kind, ...texts: readonly string[]): number => {
  const index = all.findIndex((each) => each.kind === kind && texts.every((text) => JSON.stringify(each.told).includes(text)));
  if (index < 0) throw new Error(`No ${kind} holds ${texts.join(' and ')}.`);
  return index;
};

const without = (all: readonly Happening[], index: number): Happening[] => all.toSpliced(index, 1);

/** The happenings up to this one, with this one changed. */
const cut = <K extends Kind>(all: readonly Happening[], index: number, change: (told: Of<K>['told']) => Of<K>['told']): Happening[] => {
  const last = all[index] as Of<K>;
  return [...all.slice(0, index), { ...last, told: change(last.told as never) }];
};

const changedHead = (all: readonly Happening[], index: number, change: (head: Head) => Partial<Head>): Happening[] =>
  cut<'committed'>(all, index, ([head, previous, by]) => [{ ...head, ...change(head) }, previous, by]);

/** A head whose newest entries have this text replaced. */
const changedEntries = (all: readonly Happening[], index: number, text: string, by: string): Happening[] =>
  changedHead(all, index, ({ tail }) => ({ tail: tail.map((entry) => entry.replace(text, by)) }));

const violationsOf = (all: readonly Happening[]): string => told(all).violations.join('\n');

describe('a history without faults', () => {
  test.each([
    ['that completes', () => booked],
    ['that is undone', () => refused],
    ['with a journal in chunks', () => long],
    ['with an early event', () => early],
  ])('%s has no violation', async (_, history) => {
    const auditor = told(history());
    await auditor.replayed(async () => null);
    auditor.boundedBy(0);
    expect(auditor.violations).toEqual([]);
  });

  test('contains the happenings that it is recorded for', () => {
    expect(long.some(({ kind }) => kind === 'spilled')).toBe(true);
    expect(early.some((each) => each.kind === 'committed' && each.told[0].early !== undefined)).toBe(true);
  });
});

describe('I1', () => {
  test('finds a command that is sent before it is committed', () => {
    const at = find(booked, 'accepted', 'payments.book', '"payments"');
    expect(violationsOf([booked[at] as Happening, ...without(booked, at)])).toContain('I1: ');
  });

  test('finds a command that is sent with other data than was committed', () => {
    const at = find(booked, 'accepted', 'payments.book', '"payments"');
    const altered = cut<'accepted'>(booked, at, ([queue, body, id]) => [queue, body.replace(/sha256:\w{4}/, 'sha256:0000'), id]);
    expect(violationsOf(altered)).toContain('I1: ');
  });

  test('finds an event that is published and never committed', () => {
    const at = find(booked, 'published', 'trips.trip-booked');
    const altered = cut<'published'>(booked, at, ([event]) => [{ ...event, detail: event.detail.replace(/\/(\d+)"/, '/99"') }]);
    expect(violationsOf(altered)).toContain('I1: ');
  });
});

describe('I2', () => {
  test('finds a tick that leaves the head unsent', () => {
    expect(violationsOf(without(booked, find(booked, 'accepted', 'tutti', 'tick')))).toContain('I2: the tick');
  });
});

describe('I3', () => {
  test('finds a missing version', () => {
    expect(violationsOf(without(booked, find(booked, 'committed', '"version":2')))).toContain('I3: ');
  });

  test('finds an entry that is changed', () => {
    expect(
      violationsOf(changedEntries(booked, find(booked, 'committed', '"version":2'), 'ProcessStarted","at":1', 'ProcessStarted","at":2')),
    ).toContain('changed entry 0');
  });

  test('finds entries that leave the head before they are spilled', () => {
    expect(violationsOf(without(long, find(long, 'spilled')))).toContain('before they were spilled');
  });

  test('finds a chunk that disagrees', () => {
    const altered = cut<'spilled'>(long, find(long, 'spilled'), ([chunk]) => [{ ...chunk, entries: chunk.entries.toReversed() }]);
    expect(violationsOf(altered)).toContain('disagrees');
  });
});

describe('I4', () => {
  test('finds an effect that happens twice', () => {
    const at = find(booked, 'effect');
    expect(violationsOf(booked.toSpliced(at, 0, booked[at] as Happening))).toContain('had its effect twice');
  });

  test('finds a step that gets another command before the first has failed for certain', () => {
    const at = find(booked, 'committed', '"version":1');
    const altered = changedHead(booked, at, ({ tail }) => ({
      tail: [...tail, ...tail.filter((entry) => entry.includes('CommandIssued')).map((entry) => entry.replace('"n":1', '"n":2'))],
    }));
    expect(violationsOf(altered)).toContain('I4: ');
  });
});

describe('I5', () => {
  test('finds a second outcome', () => {
    const at = find(booked, 'committed', '"version":2');
    const altered = changedHead(booked, at, ({ tail }) => ({
      tail: [...tail, ...tail.filter((entry) => entry.includes('CommandAnswered'))],
    }));
    expect(violationsOf(altered)).toContain('two outcomes');
  });
});

describe('I6', () => {
  test('finds an unreadable message that is deleted and not parked', () => {
    const lost: Happening[] = [
      { kind: 'accepted', told: ['inbox', '{"detail":', 'm1'] },
      { kind: 'deleting', told: ['inbox', '{"detail":', 'm1'] },
    ];
    expect(violationsOf(lost)).toContain('I6: ');
    const event = { pid: '', id: '1#m1', reason: 'MALFORMED', detail: '', body: '{"detail":', parkedAt: 1 };
    expect(violationsOf(lost.toSpliced(1, 0, { kind: 'parked', told: [event] }))).toBe('');
  });

  test('finds an early event that the start leaves out', () => {
    const at = find(early, 'committed', 'ProcessStarted');
    const altered = changedHead(early, at, ({ tail }) => ({ tail: tail.filter((entry) => !entry.includes('confirmed-c1')) }));
    expect(violationsOf(altered)).toContain('I6: trips.confirmed confirmed-c1');
  });

  test('finds an early event that is in no run of the commit, and takes the run that continued in it', () => {
    const at = find(early, 'committed', 'ProcessStarted');
    const history = (isHeld: (entry: string) => boolean) =>
      changedHead(early, at, ({ pid, run, definition, control, tail }) => {
        const next = runAfter(sha256, pid, run);
        const ended = { type: 'RunContinued', path: '', run: next, definition, hash: '' };
        const taken = { type: 'EventTaken', path: 'trips.confirmed:1', id: 'confirmed-c1' };
        const heard = tail.filter((entry) => entry.includes('"EventReceived"'));
        const entries = [...tail.slice(0, 1), ...heard, JSON.stringify(taken), JSON.stringify(ended)];
        const started = { ...JSON.parse(tail[0] as string), id: `${pid}/${run}`, continues: { run, number: 2 } };
        const { format } = JSON.parse(control);
        const past = [{ run, from: 0, entries: entries.filter(isHeld) }];
        const chain = { first: run, number: 2 };
        return { run: next, control: JSON.stringify({ format, seq: 1, chain, past }), tail: [JSON.stringify(started)] };
      });
    expect(violationsOf(history(() => true))).toBe('');
    expect(violationsOf(history((entry) => !entry.includes('confirmed-c1')))).toContain('I6: trips.confirmed confirmed-c1');
  });
});

describe('I7', () => {
  test('finds a run that is started twice', () => {
    const at = find(booked, 'committed', '"version":2');
    const altered = changedHead(booked, at, ({ tail }) => ({ tail: [...tail, tail[0] as string] }));
    expect(violationsOf(altered)).toContain('was started a second time');
  });

  test('finds a run that begins over an open one', () => {
    expect(violationsOf(changedHead(booked, find(booked, 'committed', '"version":2'), () => ({ run: 'r000000000000' })))).toContain('I7: ');
  });
});

describe('I9', () => {
  test('finds a journal that its code does not reproduce', async () => {
    const at = find(booked, 'committed', '"version":2');
    const auditor = told(changedEntries(booked, at, 'flights.book', 'hotels.book'));
    await auditor.replayed(async () => null);
    expect(auditor.violations.join('\n')).toContain('I9: ');
  });

  test('finds a replay that decides other bytes than the journal holds, and none that has a difference', () => {
    const auditor = told(booked);
    const tagged = (lucky: string) => ({ type: 'Tagged', path: 'tag:1', tags: { lucky } }) as const;
    auditor.replayedDecision(PID, tagged('a'), tagged('a'), 'steps-1');
    auditor.replayedDecision(PID, tagged('a'), undefined, 'steps-1');
    expect(auditor.violations).toEqual([]);
    auditor.replayedDecision(PID, tagged('a'), tagged('b'), 'steps-1');
    expect(auditor.violations.join()).toContain(`I9: steps-1 replays ${PID} with {"path":"tag:1","tags":{"lucky":"a"}`);
  });

  test('skips an instance that the caller excludes', async () => {
    const at = find(booked, 'committed', '"version":2');
    const auditor = told(changedEntries(booked, at, 'flights.book', 'hotels.book'), { replay: (pid) => pid !== PID });
    await auditor.replayed(async () => null);
    expect(auditor.violations.join('\n')).not.toContain('I9: ');
  });
});

describe('I10', () => {
  test('finds an undo of a command that is not known to be completed', () => {
    const at = find(refused, 'committed', 'undoes');
    expect(
      violationsOf(
        changedHead(refused, at, ({ tail }) => ({ tail: tail.map((entry) => entry.replace(/"undoes":"(.*)\/\d+"/, '"undoes":"$1/3"')) })),
      ),
    ).toContain('I10: ');
  });
});

describe('I11', () => {
  test('finds a head that nothing wakes', () => {
    const at = find(booked, 'committed', '"version":1');
    expect(violationsOf(changedHead(booked, at, ({ control }) => ({ control: control.replace(/,"tickAt":\d+/, '') })))).toContain('I11: ');
  });

  test('finds a timer that fires early', () => {
    const at = find(booked, 'committed', 'TimerFired');
    const altered = changedHead(booked, at, ({ tail }) => ({
      tail: tail.map((entry) => entry.replace(/("type":"TimerFired","at":)(\d+)/, (_, start, time) => `${start}${Number(time) - 1}`)),
    }));
    expect(violationsOf(altered)).toContain('1 ms early');
  });

  test('finds process time that goes back', () => {
    expect(violationsOf(changedHead(booked, find(booked, 'committed', '"version":2'), ({ clock }) => ({ clock: clock - 1 })))).toContain(
      'went back',
    );
  });
});

describe('I12', () => {
  test('finds an answer from a service that does not own the command', () => {
    const forged = booked.map((each): Happening =>
      each.kind === 'accepted' && each.told[0] === 'inbox' && each.told[1].includes('payments.book.completed')
        ? {
            ...each,
            told: [each.told[0], each.told[1].replaceAll('"source":"payments"', '"source":"flights"'), each.told[2]],
          }
        : each,
    );
    expect(violationsOf(forged)).toContain('I12: ');
  });

  test('finds an answer that no service has given', () => {
    expect(violationsOf(changedEntries(booked, find(booked, 'committed', '"version":2'), '"completed"', '"cancelled"'))).toContain(
      'no queue has accepted that answer',
    );
  });

  test('finds an act that no operator has requested', () => {
    const at = find(booked, 'committed', '"version":2');
    const entry = (head: Head): string => JSON.stringify({ type: 'CancelRequested', at: head.clock, id: 'o1', reason: '', by: 'them' });
    const altered = changedHead(booked, at, (head) => ({ tail: [...head.tail, entry(head)] }));
    expect(violationsOf(altered)).toContain('was requested by no operator');
    const body = JSON.stringify({ tutti: 'operate', opid: 'o1', pid: PID, act: 'cancel', reason: '', by: 'them' });
    expect(violationsOf([{ kind: 'accepted', told: ['inbox', body, 'm0'] }, ...altered])).not.toContain('o1');
  });
});

describe('I13', () => {
  test('finds more copies in an early buffer than messages and faults explain', () => {
    const at = early.findIndex((each) => each.kind === 'committed' && each.told[0].early !== undefined);
    const twice = changedHead(early, at, ({ early: bodies = [] }) => ({ early: [...bodies, ...bodies] }));
    expect(violationsOf(twice)).toContain('I13: the early buffer of');
  });

  test('finds a dead letter that stays parked with an instance, and allows one without an instance', () => {
    const auditor = told(booked);
    const dead = { id: 'dead', reason: 'DEAD_LETTER', detail: '', body: '{}', parkedAt: 1 };
    auditor.leftParked([
      { ...dead, pid: 'default#trip#nobody' },
      { ...dead, pid: PID, reason: 'STUCK' },
    ]);
    expect(auditor.violations).toEqual([]);
    auditor.leftParked([{ ...dead, pid: PID }]);
    expect(auditor.violations).toEqual([expect.stringMatching(/^I13: dead, beside .* stays a dead letter/)]);
  });

  test('finds more sends than the faults explain', () => {
    const at = find(booked, 'accepted', 'payments.book', '"payments"');
    const all = [...booked, ...Array.from({ length: 300 }, () => booked[at] as Happening)];
    const auditor = told(all);
    auditor.boundedBy(3);
    expect(auditor.violations).toEqual([]);
    auditor.boundedBy(0);
    expect(auditor.violations.join('\n')).toContain('I13: ');
  });
});

describe('I14', () => {
  const deleteAfter = (all: readonly Happening[], index: number, id: string): Happening[] => {
    const message = all.find((each) => each.kind === 'accepted' && each.told[2] === id) as Of<'accepted'>;
    return [...all.slice(0, index + 1), { kind: 'deleting', told: message.told }];
  };

  test('finds a message that is deleted before its event is committed', () => {
    const at = find(booked, 'accepted', '"inbox"', 'start-c1');
    expect(violationsOf(deleteAfter(booked, at, (booked[at] as Of<'accepted'>).told[2]))).toContain('neither in the journal');
  });

  test('finds a message that is deleted before its sends', () => {
    const start = booked[find(booked, 'accepted', '"inbox"', 'start-c1')] as Of<'accepted'>;
    const unsent = violationsOf(deleteAfter(booked, find(booked, 'committed', '"version":1'), start.told[2]));
    expect(unsent).toContain('before it had sent');
    expect(unsent).toContain('payments.book');
  });

  test('finds an answer that is deleted while its command is open', () => {
    const at = find(booked, 'accepted', '"inbox"', 'payments.book.completed');
    expect(violationsOf(deleteAfter(booked, at, (booked[at] as Of<'accepted'>).told[2]))).toContain('the command is still open');
  });

  test('holds if a copy is in the hot lane', () => {
    const at = find(booked, 'accepted', '"inbox"', 'payments.book.completed');
    const [, body, id] = (booked[at] as Of<'accepted'>).told;
    const copy: Happening = {
      kind: 'accepted',
      told: ['hot-lane', JSON.stringify({ tutti: 'forced', lane: true, body, sentat: 1 }), 'm99'],
    };
    expect(violationsOf([...booked.slice(0, at + 1), copy, { kind: 'deleting', told: ['inbox', body, id] }])).toBe('');
  });

  test('finds an event that is parked beside an instance that is not stuck', () => {
    const at = find(booked, 'accepted', '"inbox"', 'payments.book.completed');
    const [, body, id] = (booked[at] as Of<'accepted'>).told;
    const parked = (reason: string): Happening[] => [
      ...booked.slice(0, at + 1),
      { kind: 'parked', told: [{ pid: PID, id: `1#${id}`, reason, detail: '', body, parkedAt: 1 }] },
      { kind: 'deleting', told: ['inbox', body, id] },
    ];
    expect(violationsOf(parked('STUCK'))).toContain('the command is still open');
    expect(violationsOf(parked('DATA_INVALID'))).toBe('');
  });

  test('finds a genuine reply that is refused as forged', () => {
    const at = find(booked, 'accepted', '"inbox"', 'payments.book.completed');
    const [, body, id] = (booked[at] as Of<'accepted'>).told;
    const forbidden: Happening = {
      kind: 'parked',
      told: [{ pid: PID, id: `1#${id}`, reason: 'FORBIDDEN', detail: '', body, parkedAt: 1 }],
    };
    expect(violationsOf([...booked.slice(0, at + 1), forbidden, { kind: 'deleting', told: ['inbox', body, id] }])).toContain(
      'was refused as forged',
    );
  });

  test('finds a command that its service deletes unanswered', () => {
    const at = find(booked, 'accepted', 'payments.book', '"payments"');
    expect(violationsOf(deleteAfter(booked, at, (booked[at] as Of<'accepted'>).told[2]))).toContain('never answered');
  });

  test('finds a dead letter that is dropped', () => {
    const at = find(booked, 'accepted', '"inbox"', 'start-c1');
    const [, body, id] = (booked[at] as Of<'accepted'>).told;
    expect(violationsOf([...booked.slice(0, at + 1), { kind: 'deleting', told: ['inbox-dead-letter', body, id] }])).toContain(
      'the dead letter',
    );
  });
});

describe('I15', () => {
  test('finds an event that was sent to another instance', () => {
    const other = booked.map((each): Happening =>
      each.kind === 'accepted' && each.told[0] === 'inbox'
        ? { ...each, told: [each.told[0], each.told[1].replace('"cartId":"c1"', '"cartId":"c2"'), each.told[2]] }
        : each,
    );
    expect(violationsOf(other)).toContain('I15: ');
  });

  test('finds an event of one tenant that is parked beside an instance of another', () => {
    const at = find(booked, 'accepted', '"inbox"', 'start-c1');
    const [, body] = (booked[at] as Of<'accepted'>).told;
    const event = { pid: 'other#book-trip#c1', id: '1#m1', reason: 'POISON', detail: '', body, parkedAt: 1 };
    expect(violationsOf([{ kind: 'parked', told: [event] }])).toContain('I15: ');
  });
});

describe('a restore', () => {
  test('excuses the commits of the lost suffix, but no second effect', () => {
    const at = find(booked, 'committed', '"version":3');
    const [head] = (booked[find(booked, 'committed', '"version":1')] as Of<'committed'>).told;
    const back: Happening = { kind: 'restored', told: [[head], [PID]] };
    const again = (booked[find(booked, 'committed', '"version":2')] as Of<'committed'>).told;
    const history: Happening[] = [...booked.slice(0, at + 1), back, { kind: 'committed', told: again }];
    expect(violationsOf(history)).toBe('');
    const effect = booked[find(booked, 'effect')] as Happening;
    expect(violationsOf([...history, effect])).toContain('I4: ');
  });

  test('does not excuse a version without a predecessor', () => {
    const at = find(booked, 'committed', '"version":3');
    const [head] = (booked[find(booked, 'committed', '"version":1')] as Of<'committed'>).told;
    const back: Happening = { kind: 'restored', told: [[head], [PID]] };
    expect(violationsOf([...booked.slice(0, at), back, booked[at] as Happening])).toContain('I3: ');
  });
});

test('the auditor reports at most 50 violations, each once', () => {
  const effect = booked[find(booked, 'effect')] as Of<'effect'>;
  const ghosts = Array.from({ length: 80 }, (_, i): Happening => ({
    kind: 'effect',
    told: [{ ...effect.told[0], commandId: `ghost-${i}` }],
  }));
  expect(told(ghosts).violations).toHaveLength(50);
  expect(told([ghosts[0] as Happening, ghosts[0] as Happening]).violations.filter((each) => each.startsWith('I1'))).toHaveLength(1);
});
