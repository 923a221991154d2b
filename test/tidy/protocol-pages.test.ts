import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as conditions from '../../lib/adapters/dynamodb/conditions.ts';
import { HEAD_ATTRIBUTES } from '../../lib/adapters/dynamodb/head-item.ts';
import { recordUpdate } from '../../lib/adapters/dynamodb/record-item.ts';
import { DUE_SHARDS, LIST_SHARDS, PARKED_SHARDS } from '../../lib/adapters/dynamodb/shard.ts';
import { BACKOFF_SECONDS_MAX } from '../../lib/contract/backoff.ts';
import { CARRIED_CHARACTERS_MAX, VALUE_BYTES_MAX } from '../../lib/contract/wire/wire.ts';
import { ACTIVATION_MAX, VALUE_CHARACTERS_MAX } from '../../lib/core/journal.ts';
import {
  CONTROL_BYTES_MAX,
  EARLY_EVENTS_MAX,
  JOURNAL_ENTRIES_MAX,
  JOURNAL_ENTRIES_TO_END,
  JOURNAL_ENTRIES_WARNED,
  OPEN_MAX,
  SIGNALS_MAX,
  STARTS_MAX,
} from '../../lib/core/image.ts';
import { isFact } from '../../lib/core/replay.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { REFUSED_STEPS_MAX } from '../../lib/core/run.ts';
import { DRAINED_MS_MAX } from '../../lib/engine/jobs/drain-dead-letters.ts';
import { DEPLOY_SECONDS, PATIENCE_MS } from '../../lib/engine/acknowledge/redelivery-delays.ts';
import { KEY_DELAY_MS } from '../../lib/format/reply-tokens.ts';
import { BEAT_MS, LEASE_MS } from '../../lib/service/consumer/consumer.ts';
import { HOLD_MAX_MS, HOLD_SECONDS, QUEUE_RECEIVES_MAX, RECEIVES_MAX } from '../../lib/service/consumer/redelivery.ts';
import { readTree, root } from './source-tree.ts';

// docs/protocol.md and docs/replay.md describe the code: these tests compare names and numbers, test/core/classify.test.ts the verdicts.

const tree = readTree();
/** The source of the file of lib that has this text. */
const sourceWith = (text: string): string =>
  [...tree.values()].find(({ path, plain }) => path.startsWith('lib/') && plain.includes(text))?.plain ?? '';
const protocol = readFileSync(join(root, 'docs/protocol.md'), 'utf8');
const replay = readFileSync(join(root, 'docs/replay.md'), 'utf8');

/** The text from a heading of any level to the next. */
const chapter = (page: string, title: string): string => page.split(/^#+ /m).find((part) => part.startsWith(title)) ?? '';
/** The names in the first cell of each row. */
const firstCells = (text: string): readonly string[] =>
  [...text.matchAll(/^\| (`[^|]*) \|/gm)].flatMap((row) => [...row[1]!.matchAll(/`([\w-]+)`/g)].map((name) => name[1]!));
/** The page as one line, so that a sentence is found across line breaks. */
const flat = (page: string): string => page.replaceAll(/\s+/g, ' ');
/** Conditions that the page states in a sentence instead of code. */
const IN_WORDS: ReadonlySet<string> = new Set(['BUFFER_HAS_ROOM', 'CLOSED_AND_LISTED']);
const grouped = (value: number): string => value.toLocaleString('en-US');

describe('docs/protocol.md', () => {
  test('has each attribute of a head', () => {
    expect(firstCells(chapter(protocol, '2.1 ')).toSorted()).toEqual([...HEAD_ATTRIBUTES].toSorted());
  });

  test('has each member of the control state', () => {
    const control = /interface Control \{([^}]*)\}/.exec(sourceWith('interface Control {'))?.[1] ?? '';
    const members = [...control.matchAll(/readonly (\w+)\??:/g)].map((match) => match[1]!).filter((name) => name !== 'format');
    expect(members.length).toBeGreaterThan(10);
    expect(firstCells(chapter(protocol, '2.2 ')).toSorted()).toEqual(members.toSorted());
  });

  test('has each condition of a commit', () => {
    const plain = (condition: string): string => condition.replaceAll('#', '').replace(':early0', "'early'").replace(':stuck0', "'stuck'");
    const shown = chapter(protocol, '3. ') + chapter(protocol, '14. ');
    const missing = Object.entries(conditions).filter(([name, text]) => !IN_WORDS.has(name) && !shown.includes(`\`${plain(text)}\``));
    expect(missing.map(([name]) => name)).toEqual([]);
  });

  test('has each attribute of a command record', () => {
    const { ExpressionAttributeNames: names = {} } = recordUpdate({
      table: 'T',
      commandId: 'c',
      record: { state: 'RUN', hash: 'h' },
      expected: 'absent',
      write: 'w',
      now: 0,
    });
    const described = [...chapter(protocol, '14. ').matchAll(/^\| (.*?) \|/gm)].flatMap((row) => [...row[1]!.matchAll(/`(\w+)`/g)]);
    const kept = described.map((name) => name[1]!).filter((name) => name !== 'lastError');
    expect(kept.toSorted()).toEqual(Object.values(names).toSorted());
  });

  test.each([
    ['2. ', `more than ${grouped(VALUE_CHARACTERS_MAX)} characters of JSON`],
    ['2. ', `more than ${CARRIED_CHARACTERS_MAX / 1024} KB on the wire`],
    ['2. ', `larger than ${VALUE_BYTES_MAX / 1024 / 1024} MB`],
    ['2.1 ', `at most ${EARLY_EVENTS_MAX} |`],
    ['2.1 ', `\`list\` has ${LIST_SHARDS} shards`],
    ['2.1 ', `\`due\` has ${DUE_SHARDS}`],
    ['2.2 ', `the last ${SIGNALS_MAX} signals`],
    ['2.2 ', `the last ${STARTS_MAX} identities`],
    ['2.2 ', `more than ${CONTROL_BYTES_MAX / 1024} KiB`],
    ['2.2 ', `At most ${OPEN_MAX} commands`],
    ['3. ', `fewer than ${EARLY_EVENTS_MAX} events`],
    ['4.1 ', `every ${DEPLOY_SECONDS} seconds, and is parked ${PATIENCE_MS / 60_000} minutes after`],
    ['4.7 ', `at most ${BACKOFF_SECONDS_MAX}`],
    ['7. ', `allows ${QUEUE_RECEIVES_MAX} receives`],
    ['7.2 ', `at most ${BACKOFF_SECONDS_MAX} seconds`],
    ['9.2 ', `one of ${PARKED_SHARDS} partitions`],
    ['12. ', `signs after ${KEY_DELAY_MS / 60_000} minutes`],
    ['14.1 ', `a lease of ${LEASE_MS / 1000} seconds`],
    ['14.1 ', `every ${BEAT_MS / 1000} seconds`],
    ['14.2 ', `every ${HOLD_SECONDS} seconds for ${HOLD_MAX_MS / 60_000} minutes`],
    ['14.2 ', `after ${RECEIVES_MAX} receives`],
  ])('says in chapter %sas the code does: %s', (title, words) => {
    expect(flat(chapter(protocol, title))).toContain(words);
  });

  test('says how long a dead letter is redriven', () => {
    expect(DRAINED_MS_MAX).toBe(86_400_000);
    expect(chapter(protocol, '7.2 ')).toContain('After one day');
  });
});

describe('docs/replay.md', () => {
  test('lists each fact, and nothing else as a fact', () => {
    const bullet = /- a \*\*fact\*\*([^]*?);/.exec(replay)?.[1] ?? '';
    const named = [...bullet.matchAll(/`(\w+)`/g)].map((name) => name[1]!);
    const known = /new Set<RecordedFact\['type'\]>\(\[([^\]]*)\]/.exec(sourceWith("new Set<RecordedFact['type']>"))?.[1] ?? '';
    expect(named.every((type) => isFact({ type } as JournalEntry))).toBe(true);
    expect(named.toSorted()).toEqual([...known.matchAll(/'(\w+)'/g)].map((name) => name[1]!).toSorted());
  });

  test('lists the values that a replay compares', () => {
    const compared = /const COMPARED[^=]*= \{([^}]*)\}/.exec(sourceWith('const COMPARED'))?.[1] ?? '';
    const fields = new Map([...compared.matchAll(/(\w+): \[([^\]]*)\]/g)].map((match) => [match[1]!, namesIn(match[2]!, /'(\w+)'/g)]));
    const rows = chapter(replay, '6. ').matchAll(/^\| (`[^|]*) \| ([^|;]*)[|;]/gm);
    const shown = new Map(
      [...rows].flatMap(([, types = '', cell = '']) => namesIn(types, /`(\w+)`/g).map((type) => [type, namesIn(cell, /`(\w+)`/g)])),
    );
    // The value of a view is compared where the code passes it.
    expect(shown.get('ViewChanged')).toEqual([]);
    shown.delete('ViewChanged');
    shown.delete('DispatchRefused');
    shown.delete('RunContinued');
    expect(fields.size).toBeGreaterThan(5);
    expect(shown).toEqual(fields);
  });

  test.each([
    ['9. ', `more than ${grouped(VALUE_CHARACTERS_MAX)} characters`],
    ['11. ', `each | ${grouped(ACTIVATION_MAX)} |`],
    ['11. ', `entries of a run | ${grouped(JOURNAL_ENTRIES_MAX)} |`],
    ['11. ', `end a run | ${grouped(JOURNAL_ENTRIES_TO_END)} |`],
    ['11. ', `rejects | ${grouped(REFUSED_STEPS_MAX)} |`],
    ['11. ', `from ${grouped(JOURNAL_ENTRIES_WARNED)} entries`],
  ])('says in chapter %sas the code does: %s', (title, words) => {
    expect(flat(chapter(replay, title))).toContain(words);
  });
});

function namesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1]!);
}
