import { readdirSync, readFileSync } from 'node:fs';
import { replayJournal } from 'tutti/testing';
import { expect, test } from 'vitest';
import { coldChain } from './system.ts';

const folder = new URL('journals/', import.meta.url);
const fixtures = readdirSync(folder).filter((name) => name.endsWith('.json'));

test('the folder has journals to replay', () => {
  expect(fixtures).not.toEqual([]);
});

test.each(fixtures)('%s replays on this code without a difference', async (name) => {
  expect(await replayJournal(coldChain, JSON.parse(readFileSync(new URL(name, folder), 'utf8')))).toEqual([]);
});
