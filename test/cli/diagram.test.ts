import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Flow } from '../../lib/flow/flow.ts';
import { inFolder, SEATS, tutti } from './command-line.ts';

// Each test starts programs, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const ORDERS = 'examples/order-fulfilment/fulfil-order.ts';
const TRIPS = 'examples/travel-booking/system.ts';

test('diagram prints a Mermaid flowchart, or the graph as JSON, of each process of a module and of what it imports', async () => {
  const [mermaid, json] = await Promise.all([tutti('diagram', ORDERS), tutti('diagram', TRIPS, '--json')]);
  expect([mermaid.code, mermaid.stdout.split('\n').slice(0, 4)]).toEqual([
    0,
    ['---', 'title: "fulfil-order, version 1"', '---', 'flowchart TD'],
  ]);
  const flow = JSON.parse(json.stdout) as Flow;
  expect([flow.process, flow.kind, flow.unresolved]).toEqual(['book-trip', 'async', []]);
  expect(flow.nodes.filter(({ kind }) => kind === 'command').map(({ label, undo }) => [label, undo])).toContainEqual([
    'payments.charge',
    'payments.refund',
  ]);
  expect(flow.nodes.map(({ file }) => file)).toContain('book-trip.ts');
});

test('diagram --svg prints one picture, and --out writes one file per process and version and prints it', async () => {
  await inFolder(async (folder) => {
    const [one, all, two] = await Promise.all([
      tutti('diagram', ORDERS, '--svg'),
      tutti('diagram', ORDERS, TRIPS, '--svg', '--out', join(folder, 'pictures')),
      tutti('diagram', ORDERS, TRIPS, '--svg'),
    ]);
    expect([one.code, one.stdout]).toEqual([0, expect.stringMatching(/^<svg [^]*<\/svg>\n$/)]);
    expect([all.code, all.stdout.trim().split('\n').toSorted()]).toEqual([
      0,
      ['book-trip@1.svg', 'fulfil-order@1.svg'].map((name) => join(folder, 'pictures', name)),
    ]);
    expect(readFileSync(join(folder, 'pictures', 'fulfil-order@1.svg'), 'utf8')).toBe(one.stdout);
    expect([two.code, two.stderr]).toEqual([2, expect.stringContaining('Name one with --process, or a folder for all with --out.')]);
  });
});

test('diagram --check exits 0 if the source tells everything, else it prints each gap with its line and exits 1', async () => {
  await inFolder(async (folder) => {
    const gap = join(folder, 'gap.ts');
    writeFileSync(
      gap,
      'const process = (...parts) => parts;\nprocess("gap", {}, async (ctx, input) => {\n  await ctx.call(input.verb, {});\n});\n',
    );
    const [complete, incomplete] = await Promise.all([tutti('diagram', ORDERS, '--check'), tutti('diagram', gap, '--check')]);
    expect([complete.code, complete.stderr]).toEqual([0, '1 of 1 diagrams are complete.\n']);
    expect([incomplete.code, incomplete.stdout]).toEqual([1, 'gap@1: line 3: the command input.verb is not known\n']);
  });
});

test.each([
  ['a module that does not exist', ['nowhere.ts'], 'There is no module nowhere.ts.'],
  ['a module without a process', ['examples/order-fulfilment/contracts.ts'], 'No process is defined by'],
  ['a process that the modules do not define', [ORDERS, '--process', 'ship'], 'expected one of fulfil-order'],
  ['two formats', [ORDERS, '--svg', '--json'], '--svg and --json exclude each other'],
])('diagram exits 2 for %s, and writes nothing', async (_, args, message) => {
  await inFolder(async (folder) => {
    const out = join(folder, 'out');
    const ended = await tutti('diagram', ...args, '--out', out);
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(out) && readdirSync(out)).toBe(false);
  });
});

test('diagram --of draws the progress of an instance from its journal, and says why it is where it is', async () => {
  await inFolder(async (folder) => {
    const events = join(folder, 'events.jsonl');
    writeFileSync(events, '{"type":"seats.seat-wanted","data":{"id":"s-1","seat":"12A"}}\n');
    await tutti('dev', SEATS, '--local', join(folder, 'state'), '--once', '--events', events);
    const drawing = (id: string) => tutti('diagram', SEATS, '--of', id, '--local', join(folder, 'state'));
    const drawn = await drawing('s-1');
    expect((await drawing('s-2')).code).toBe(3);
    // The flow that the run stored needs no module.
    const stored = await tutti('diagram', '--process', 'book-seat', '--of', 's-1', '--local', join(folder, 'state'));
    expect([stored.code, stored.stdout]).toEqual([0, drawn.stdout]);
    expect(await tutti('diagram', '--of', 's-1')).toMatchObject({ code: 2, stderr: expect.stringContaining('--of ID --process NAME') });
    expect([drawn.code, drawn.stdout, drawn.stderr]).toEqual([
      0,
      expect.stringMatching(/^<svg [^]*aria-label="call, desk\.book[^"]*, done"[^]*<\/svg>\n$/),
      expect.stringContaining('completed'),
    ]);
  });
});
