import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { event, process, versions } from 'tutti';
import { definitionName } from '../../lib/contract/catalogue.ts';
import { gateDefinition, gatePid, MOST_MAX } from '../../lib/contract/gate.ts';
import { processContract } from '../../lib/contract/process-contract.ts';
import type { ProcessContract } from '../../lib/contract/runtime-contract.ts';
import type { Json } from '../../lib/contract/schema.ts';
import { canonical } from '../../lib/contract/wire/json.ts';
import { asNewestVersion } from '../../lib/core/apply.ts';
import { startSchema } from '../../lib/core/children.ts';
import type { Verdict } from '../../lib/core/classify.ts';
import { identityOf } from '../../lib/core/identity.ts';
import { WAITING_MAX, type BegunBy } from '../../lib/core/image.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import type { ProcessRun } from '../../lib/core/run.ts';
import { earliestDue } from '../../lib/core/timers.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';
import { Rehearsal } from '../../lib/testing/rehearsal.ts';

const Old = z.object({ file: z.string() });
const Named = event(
  'media.uploaded',
  versions(Old).next(z.object({ file: z.string(), by: z.string() }), ({ file }) => ({ file, by: 'old' })),
);
const encode = (start: object | undefined): ProcessContract =>
  processContract(process('encode', { startOn: Named.byId(({ file }) => file), ...(start && { start }) }, async () => {}));
const oneSlot = { concurrency: { most: 1 } };

/** One gate in the kernel of production. */
class Gate extends Rehearsal {
  readonly #processes: Map<string, readonly ProcessContract[]>;

  constructor(start: object | undefined = oneSlot, compare = true) {
    const processes = new Map([['encode', [encode(start)]]]);
    super({
      compare,
      definition: gateDefinition,
      environment: { system: 'media', commands: new Map(), processes, hash: sha256, canonical, tickThresholdMs: 900_000, checks: true },
    });
    this.#processes = processes;
    this.pid = gatePid((of) => identityOf(sha256, of), 'default', { process: 'encode', key: 'k' });
  }

  deploys(start: object | undefined): void {
    this.#processes.set('encode', [encode(start)]);
  }

  removes(): void {
    this.#processes.clear();
  }

  starts(instance: string, data: Json = { file: instance, by: 'ann' }, dataversion = 2): Promise<Verdict> {
    this.now += 1;
    const { id, ...carried } = this.carried('s', `e-${instance}`);
    return this.deliver({
      ...carried,
      kind: 'start',
      id,
      identity: identityOf(sha256, { pid: this.pid, event: Named.type, id }),
      event: Named.type,
      source: 'media',
      time: new Date(this.now).toISOString(),
      trace: 't',
      data: { process: 'encode', key: 'k', instance, subject: instance, data, dataversion, tags: { of: instance } },
      definition: definitionName(gateDefinition),
    });
  }

  replies(index: number, outcome: 'completed' | 'failed' = 'completed', data: Json = null): Promise<Verdict> {
    const command = [...this.image.commands.values()].find(({ n }) => n === this.image.gate?.running[index]?.n)!;
    const { id: _id, ...carried } = this.carried('r');
    return this.deliver({ ...carried, kind: 'reply', run: command.run ?? this.image.run, n: command.n, outcome, retryable: false, data });
  }

  /** Time passes, and the timer of the window fires if it is due. */
  async passes(ms: number): Promise<void> {
    this.now += ms;
    const due = this.run && earliestDue(this.run);
    if (due === undefined || due > this.now) return;
    const { id: _id, ...carried } = this.carried('t');
    this.image.tickAt = due;
    await this.deliver({ ...carried, kind: 'tick', run: this.image.run, tickAt: due });
  }

  get running(): string[] {
    return (this.image.gate?.running ?? []).map(({ id }) => id);
  }

  get waiting(): string[] {
    return (this.image.waiting ?? []).map(({ identity }) => identity);
  }

  get begun(): BegunBy[] {
    return this.image.pendingSends.flatMap(({ begins, data }) => (begins === undefined ? [] : [data as unknown as BegunBy]));
  }

  get journal(): JournalEntry[] {
    return this.image.tail.map((text) => JSON.parse(text) as JournalEntry);
  }
}

describe('a gate with slots', () => {
  test('gives a slot to each start in order, and keeps the data, tags and trace of those that wait', async () => {
    const gate = new Gate();
    for (const instance of ['a', 'b', 'c']) expect(await gate.starts(instance)).toBe('apply');
    expect([gate.running, gate.waiting]).toEqual([['a'], ['b', 'c']]);
    expect(await gate.starts('b')).toBe('dup');
    await gate.replies(0);
    expect([gate.running, gate.waiting]).toEqual([['b'], ['c']]);
    const [command] = gate.image.commands.values();
    expect(command).toMatchObject({
      command: 'tutti.start',
      owner: 'default#encode#b',
      input: { id: 'e-b', subject: 'b', data: { file: 'b', by: 'ann' }, dataversion: 2, tags: { of: 'b' }, trace: 't' },
    });
  });

  test('ends without a start', async () => {
    const gate = new Gate();
    await gate.starts('a');
    await gate.replies(0, 'failed', { type: 'NoRoom', message: 'no room', data: null, details: null });
    expect(gate.image.status).toBe('completed');
    expect(gate.begun).toEqual([]);
    expect(await gate.starts('b')).toBe('restart');
    expect(gate.running).toEqual(['b']);
  });

  test('publishes a start as rejected whose id is taken, and frees its slot', async () => {
    const gate = new Gate();
    for (const instance of ['a', 'b']) await gate.starts(instance);
    await gate.replies(0, 'failed', { type: 'Other', message: 'taken', data: null, details: { taken: 'default#encode#a' } });
    const published = gate.image.pendingSends.filter(({ kind }) => kind === 'event');
    expect(published).toMatchObject([
      { event: 'media.start-rejected', data: { process: 'encode', pid: 'default#encode#a', startid: 'e-a', reason: 'taken' } },
    ]);
    expect(gate.running).toEqual(['b']);
  });

  test('lets a start come again if as many wait as may', async () => {
    const gate = new Gate();
    for (let i = 0; i <= WAITING_MAX; i += 1) await gate.starts(`f-${i}`);
    expect(gate.waiting).toHaveLength(WAITING_MAX);
    expect(await gate.starts('more')).toBe('wait');
    await gate.replies(0);
    expect(await gate.starts('more')).toBe('apply');
  });

  test('follows a deploy: other slots, no limit, and no process', async () => {
    const gate = new Gate();
    for (const instance of ['a', 'b', 'c', 'd', 'e']) await gate.starts(instance);
    gate.deploys({ concurrency: { most: 2 } });
    await gate.replies(0);
    expect(gate.running).toEqual(['b', 'c']);
    gate.deploys(undefined);
    await gate.replies(0);
    expect(gate.running).toEqual(['c', 'd', 'e']);
    expect(gate.image.gate?.spec).toEqual({ kind: 'concurrency', most: MOST_MAX });
    gate.removes();
    await gate.replies(0);
    expect(gate.bug).toMatchObject({ code: 'POISON', message: expect.stringContaining('does not list') });
  });

  test('continues as new with its slots and the starts that wait, when its journal is long', async () => {
    const gate = new Gate(oneSlot, false);
    for (const instance of ['a', 'b', 'c']) await gate.starts(instance);
    gate.run!.position = 10_000;
    const { run } = gate.image;
    await gate.starts('d');
    expect(gate.image.chain).toMatchObject({ first: run, number: 2 });
    expect([gate.running, gate.waiting]).toEqual([['a'], ['b', 'c', 'd']]);
    await gate.replies(0);
    expect([gate.running, gate.waiting]).toEqual([['b'], ['c', 'd']]);
  });
});

describe('the list of starts of a window', () => {
  const definition = encode({ batch: { size: 2, within: '1 minute' } });

  test('is the input of a process with windows, and nothing else is', () => {
    const { validate } = startSchema(definition)['~standard'];
    expect(validate([{ file: 'a', by: 'ann' }])).toEqual({ value: [{ file: 'a', by: 'ann' }] });
    expect(validate({ file: 'a', by: 'ann' })).toMatchObject({ issues: [{ message: 'expected a list of starts' }] });
  });

  test('is upcast start by start in a replay', () => {
    const fact = { type: 'ProcessStarted', at: 0, definition: 'encode@1', event: Named.type, id: 'e', source: 'media', time: '' } as const;
    const run = { definition, expected: {} } as ProcessRun;
    expect(asNewestVersion(run, { ...fact, data: [{ file: 'a' }], dataversion: 1 })).toMatchObject({ data: [{ file: 'a', by: 'old' }] });
  });
});

describe('a gate with a window', () => {
  const debounced = { debounce: { quiet: '10 seconds' } };

  test('begins one instance with all starts, each in the newest version of its contract', async () => {
    const gate = new Gate(debounced);
    await gate.starts('a', { file: 'a' }, 1);
    await gate.passes(9_000);
    await gate.starts('b');
    await gate.passes(9_000);
    expect(gate.waiting).toEqual(['a', 'b']);
    await gate.passes(1_001);
    expect(gate.begun).toMatchObject([
      {
        id: 'e-a',
        subject: 'a',
        data: [
          { file: 'a', by: 'old' },
          { file: 'b', by: 'ann' },
        ],
      },
    ]);
    expect(gate.journal.at(-2)).toMatchObject({ type: 'WindowClosed', ids: ['e-a', 'e-b'] });
    expect(gate.image.status).toBe('completed');
  });

  test('ends with 100 starts, and with 100 KB', async () => {
    const gate = new Gate(debounced);
    for (let i = 0; i < 100; i += 1) await gate.starts(`f-${i}`);
    expect(gate.begun[0]?.data).toHaveLength(100);
    const large = new Gate(debounced);
    await large.starts('a', { file: 'x'.repeat(60_000), by: '' });
    expect(large.begun).toEqual([]);
    await large.starts('b', { file: 'x'.repeat(60_000), by: '' });
    expect(large.begun[0]?.data).toHaveLength(2);
  });

  test('ends at the end of atMost, and at its size', async () => {
    const gate = new Gate({ debounce: { quiet: '10 seconds', atMost: '15 seconds' } });
    await gate.starts('a');
    await gate.passes(9_000);
    await gate.starts('b');
    await gate.passes(6_000);
    expect(gate.begun).toHaveLength(1);
    const batch = new Gate({ batch: { size: 2, within: '1 minute' } });
    await batch.starts('a');
    await batch.starts('b');
    expect(batch.begun).toMatchObject([{ data: [{ file: 'a' }, { file: 'b' }] }]);
  });

  test('gives each start an instance of its own after a deploy of slots, and waiting starts one window after a deploy of windows', async () => {
    const gate = new Gate({ batch: { size: 3, within: '1 minute' } });
    await gate.starts('a');
    gate.deploys({ concurrency: { most: 2 } });
    await gate.starts('b');
    expect(gate.running).toEqual(['a', 'b']);
    await gate.starts('c');
    gate.deploys(debounced);
    await gate.replies(0);
    expect([gate.running, gate.waiting]).toEqual([['b'], ['c']]);
    await gate.passes(10_000);
    expect(gate.begun).toMatchObject([{ data: [{ file: 'c' }] }]);
    await gate.replies(0);
    expect(gate.image.status).toBe('completed');
  });

  test('each window has a name of its own', async () => {
    const gate = new Gate({ batch: { size: 1, within: '1 minute' } });
    await gate.starts('a');
    const first = gate.image.pendingSends[0]?.begins;
    await gate.starts('a2');
    expect(first).toMatch(/^default#encode#a~[0-9a-f]{12}$/);
    expect(gate.image.pendingSends[0]?.begins).not.toBe(first);
  });
});
