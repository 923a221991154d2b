import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonical } from '../contract/wire/json.ts';
import { ContractError } from '../contract/errors.ts';
import { buildPid, DEFAULT_TENANT } from '../contract/wire/process-id.ts';
import type { AnyProcess } from '../contract/process-contract.ts';
import type { Json } from '../contract/schema.ts';
import { systemContract, type System } from '../contract/system.ts';
import { runAfter } from '../core/continuing.ts';
import { newImage, type Image } from '../core/image.ts';
import { identityOf } from '../core/identity.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import { definitionAfter } from '../core/replay.ts';
import type { ActivationObserver, RunEnvironment } from '../core/run.ts';
import { Catalogue } from '../contract/catalogue.ts';
import { sha256 } from '../format/inbox-message.ts';
import { decodeHead } from '../format/head-codec.ts';
import { handleAgain, replayEntries, type Replayed } from '../engine/replay-journal.ts';
import type { Head } from '../ports/process-store.ts';
import { frontEndOf } from '../process/front-end.ts';
import type { World } from './world.ts';

/** A golden journal: the inputs and decisions of one run. Its entries contain their values. */
export interface JournalFixture {
  readonly process: string;
  readonly id: string;
  readonly entries: readonly Json[];
}

/** Writes an instance's journal to a file if the environment has `UPDATE_JOURNALS=1`. If not, does nothing. */
export function recordJournal(world: World, process: AnyProcess, id: string, file: string | URL): void {
  if (globalThis.process.env['UPDATE_JOURNALS'] !== '1') return;
  const path = typeof file === 'string' ? file : fileURLToPath(file);
  const fixture: JournalFixture = { process: process.name, id, entries: world.journal(process, id) };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(fixture, null, 1)}\n`);
}

/**
 * Replays a golden journal on this code. Resolves to one sentence for each difference, and to an empty list without differences. The journal
 * of a decider always replays: its state is stored, so new code takes over at the next event.
 */
export async function replayJournal(system: System<string>, fixture: JournalFixture): Promise<readonly string[]> {
  return (await replayFixture(system, fixture)).differences;
}

/** Replays a golden journal. The result holds what the replay skipped too. */
export function replayFixture(system: System<string>, fixture: JournalFixture): Promise<Replayed> {
  const [start] = fixture.entries as readonly JournalEntry[];
  const pid = buildPid(DEFAULT_TENANT, fixture.process, fixture.id);
  if (start?.type !== 'ProcessStarted' || pid === undefined) throw notAFixture();
  const run = start.continues ? runAfter(sha256, pid, start.continues.run) : identityOf(sha256, { pid, event: start.event, id: start.id });
  const entries = fixture.entries as readonly JournalEntry[];
  return replayed(system, imageOf({ pid, run, entries }), entries, { checks: true });
}

/** The journal of one run, and the names of the run. */
export interface JournalOfRun {
  readonly pid: string;
  readonly run: string;
  readonly entries: readonly JournalEntry[];
}

/** Replays the journal of any run, open or closed, and notifies the observer of its activations and decisions. */
export function replayObserved(system: System<string>, journal: JournalOfRun, observer: ActivationObserver): Promise<Replayed> {
  return replayed(system, imageOf(journal), journal.entries, { checks: false, observer });
}

function imageOf({ pid, run, entries }: JournalOfRun): Image {
  const [start] = entries;
  if (start?.type !== 'ProcessStarted') throw notAFixture();
  const { definition } = definitionAfter(entries) ?? start;
  return newImage(pid, run, definition, start.at);
}

/** Replays the journal of an open run on its version, as the engine does. */
export function replayOpenRun(system: System<string>, head: Head, entries: readonly JournalEntry[]): Promise<Replayed> {
  // The checks of tests are off: production tolerated these mistakes when it decided.
  return replayed(system, decodeHead(head), entries, { checks: false });
}

async function replayed(
  system: System<string>,
  image: Image,
  entries: readonly JournalEntry[],
  options: Pick<RunEnvironment, 'checks' | 'observer'>,
): Promise<Replayed> {
  const catalogue = new Catalogue(systemContract(system));
  const definition = catalogue.definition(image.definition);
  if (!definition)
    return { differences: [`${image.definition} is no longer listed in ${system.name}, and its runs cannot continue.`], skipped: [] };
  // Without an observer, a decider has nothing to replay.
  const replay = definition.kind === 'decider' && options.observer ? handleAgain : replayEntries;
  return replay({
    definition,
    environment: environmentOf(catalogue, options),
    frontEndOf,
    pid: image.pid,
    run: image.run,
    entries,
    image,
  });
}

/** Replays every journal of a folder. Resolves to the differences by file name, and to an empty object without differences. */
export async function replayFixtures(
  system: System<string>,
  directory: string | URL,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const folder = typeof directory === 'string' ? directory : fileURLToPath(directory);
  const found: Record<string, readonly string[]> = {};
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.json'))) {
    const differences = await replayJournal(system, JSON.parse(readFileSync(join(folder, name), 'utf8')) as JournalFixture);
    if (differences.length > 0) found[name] = differences;
  }
  return found;
}

function environmentOf({ system }: Catalogue, options: Pick<RunEnvironment, 'checks' | 'observer'>): RunEnvironment {
  return {
    system: system.name,
    commands: system.commands,
    hash: sha256,
    canonical,
    tickThresholdMs: Infinity,
    ...options,
  };
}

function notAFixture(): ContractError {
  return new ContractError(
    'DATA_INVALID',
    'A golden journal does not begin with ProcessStarted: expected a file that recordJournal wrote.',
  );
}
