import { beforeEach, describe, expect, test } from 'vitest';
import type { ForkInput } from '../../../lib/core/inbound.ts';
import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import { Contracts, forkIdentity } from './contracts.ts';
import { beginFork, checkAdopted, checkForked, checkPrefixChunk, checkReceivedAgain, checkUndoneByFork } from './forks.ts';
import { newInstancePicture, newRunPicture, type ForkPicture, type InstancePicture, type RunPicture } from './instance-picture.ts';
import type { JournalContext } from './journal-context.ts';
import { Outbox } from './outbox.ts';
import { ForkRequests, StepOwners } from './step-owners.ts';

const O = 'default#tour#x';
const F = 'default#tour#a';
const COMMAND = `${O}/R/9`;
const entry = (type: string, more: object = {}): JournalEntry => ({ type, ...more }) as unknown as JournalEntry;

const started = entry('ProcessStarted', { at: 1, definition: 'tour@1', event: 'tours.ordered', id: 's', source: 'tours', time: '' });
const booked = entry('CommandIssued', { n: 1, path: 'agency.book:1', command: 'agency.book', hash: 'h' });
const completed = entry('CommandAnswered', { at: 2, n: 1, outcome: 'completed' });
const open = entry('CommandIssued', { n: 2, path: 'agency.book:2', command: 'agency.book', hash: 'h' });
const later = entry('CommandAnswered', { at: 3, n: 2, outcome: 'completed' });
const word = entry('EventReceived', { at: 4, event: 'tours.word', id: 'w', source: 'tours' });
const input: ForkInput = {
  operation: 'op',
  definition: 'tour@1',
  entries: 4,
  adopt: [2],
  events: [5],
  reason: 'again',
  by: 'ada',
};
const asked = entry('ForkRequested', { at: 5, id: 'op', to: F, by: 'ada', reason: 'again' });
const forked = entry('Forked', { at: 6, id: COMMAND, by: 'ada', reason: 'again' });
const PREFIX = [{ ...started, origin: { pid: O, run: 'R' }, named: 'x' } as JournalEntry, booked, completed, open];

const violations: string[] = [];
const report = (invariant: string, what: string): void => void violations.push(`${invariant}: ${what}`);
const original = (): InstancePicture => {
  const picture = newInstancePicture(O, new Outbox());
  const run = newRunPicture('R', 'tour@1');
  run.entries.push(started, booked, completed, open, later, word, asked);
  picture.runs.set('R', run);
  return picture;
};

interface Story {
  readonly picture: InstancePicture;
  readonly run: RunPicture;
  readonly fork: ForkPicture;
  readonly context: JournalContext;
}

/** A fork whose prefix lies in chunks. */
const story = (prefix: readonly JournalEntry[] = PREFIX): Story => {
  const pictureOf = (pid: string): InstancePicture | undefined => (pid === O ? original() : undefined);
  const fork: ForkPicture = { commandId: COMMAND, input, spilled: new Map() };
  const name = forkIdentity(F, COMMAND);
  checkPrefixChunk(fork, { pid: F, run: name, from: 0, entries: prefix.map((each) => JSON.stringify(each)) }, pictureOf, report);
  const picture = newInstancePicture(F, new Outbox());
  const run = newRunPicture(name, 'tour@1');
  beginFork(picture, run, fork, report);
  picture.runs.set(name, run);
  const [owners, forkRequests] = [new StepOwners(), new ForkRequests()];
  const contracts = new Contracts([]);
  return { picture, run, fork, context: { picture, run, before: undefined, contracts, pictureOf, owners, forkRequests, at: 1, report } };
};

beforeEach(() => void (violations.length = 0));

describe('the auditor of forks', () => {
  test('accepts a fork that goes on as its operator has asked for', () => {
    const { context, run } = story();
    checkForked(context, forked as never, 4);
    checkAdopted(context, { ...later, adopted: `${O}/R/2` } as never);
    checkReceivedAgain(context, word as never);
    expect(violations).toEqual([]);
    expect([...run.adopted]).toEqual([`${O}/R/1`, `${O}/R/2`]);
    expect([...run.issued.keys()]).toEqual([2]);
  });

  test.each<[string, string, (of: Story) => void]>([
    [
      'a prefix that differs from the journal of its original',
      'I3',
      () => story([...PREFIX.slice(0, 3), { ...open, n: 7 } as JournalEntry]),
    ],
    ['a chunk with more than the prefix', 'I3', () => story([...PREFIX, later])],
    ['a fork in place of another run', 'I7', ({ picture, fork }) => beginFork(picture, newRunPicture('other', 'tour@1'), fork, report)],
    ['a fork that goes on at another entry', 'I7', ({ context }) => checkForked(context, forked as never, 3)],
    ['another principal', 'I12', ({ context }) => checkForked(context, { ...forked, by: 'eve' } as never, 4)],
    ['a reply that was not chosen', 'I12', ({ context }) => checkAdopted(context, { ...completed, adopted: `${O}/R/1` } as never)],
    ['an event that was not chosen', 'I15', ({ context }) => checkReceivedAgain(context, { ...word, id: 'v' } as never)],
    [
      'an undo of a step that was not completed',
      'I10',
      ({ context }) => checkUndoneByFork(context, { ...later, n: 2, fork: 'op' } as never),
    ],
    ['an undo that no operator has asked for', 'I12', ({ context }) => checkUndoneByFork(context, { ...completed, fork: 'none' } as never)],
  ])('reports %s as %s', (_, invariant, break_) => {
    break_(story());
    expect(violations.map((each) => each.split(':')[0])).toContain(invariant);
  });

  test('reports a step with two owners, and one that was undone before a fork has adopted it', () => {
    const owners = new StepOwners();
    owners.adopts(F, `${O}/R/1`, report);
    owners.undoes(F, `${O}/R/1`, report);
    expect(violations).toEqual([]);
    owners.undoes(O, `${O}/R/1`, report);
    owners.adopts('default#tour#b', `${O}/R/1`, report);
    expect(violations.map((each) => each.split(':')[0])).toEqual(['I10', 'I10']);
  });

  test('reports a request that was refused because of a fork that has never begun', () => {
    const requests = new ForkRequests();
    const run = newRunPicture('R', 'tour@1');
    run.entries.push(entry('CommandIssued', { n: 9, path: 'fork/op', command: 'tutti.fork', owner: F, hash: '' }));
    requests.asked('early', 1);
    requests.replied(O, run, { type: 'CommandAnswered', at: 1, n: 9, outcome: 'failed' }, 2);
    requests.asked('late', 3);
    for (const id of ['early', 'late'])
      requests.refused(O, id, 'agency.book:1 belongs to the fork a: fork that one, or cut earlier', report);
    expect(violations).toEqual([`I6: late was refused because of the fork a of ${O}, which has never begun`]);
  });
});
