import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ProcessContract } from '../../lib/contract/runtime-contract.ts';
import { classify, type Verdict } from '../../lib/core/classify.ts';
import { newImage, type Image, type OpenCommand, type InstanceStatus } from '../../lib/core/image.ts';
import {
  type Inbound,
  type OperationInbound,
  type ReplyInbound,
  type SignalInbound,
  type StartInbound,
  type TickInbound,
} from '../../lib/core/inbound.ts';
import { actIdentity, identityOf } from '../../lib/core/identity.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';

// One test per row of the verdict tables: an event, a head image, the verdict.
const NOW = 1_000_000;
const PID = 'default#trip#a';
const identity = (id: string, event = 'e'): string => identityOf(sha256, { pid: PID, event, id });
const ACT = actIdentity(sha256, PID, 'op');
const RUN = identity('first');
const CARRIED = { messageId: 'm', forced: false, at: NOW, hops: 0 };

const definition = (policy: Partial<Pick<ProcessContract, 'onOpen' | 'onClosed'>> = {}): ProcessContract =>
  ({ onOpen: 'reject', onClosed: 'reject', ...policy }) as ProcessContract;

const imageOf = (status: InstanceStatus, change: Partial<Image> = {}): Image => ({
  ...newImage(PID, RUN, 'trip@1', NOW),
  status,
  seq: 6,
  ...change,
});

const commandOf = (n: number, change: Partial<OpenCommand> = {}): OpenCommand => ({
  n,
  path: `x.y:${n}`,
  command: 'x.y',
  input: null,
  hash: '',
  mode: 'call',
  attempt: 1,
  retries: 0,
  since: NOW,
  due: NOW + 1,
  timeoutMs: 1,
  cause: '',
  messageId: '',
  hops: 0,
  ...change,
});
const withCommand = (status: InstanceStatus, change: Partial<OpenCommand> = {}): Image =>
  imageOf(status, { commands: new Map([[3, commandOf(3, change)]]) });

const start = (change: Partial<StartInbound> = {}): Inbound => ({
  ...CARRIED,
  kind: 'start',
  key: 's:second',
  id: 'second',
  identity: identity('second'),
  event: 'e',
  source: 's',
  time: new Date(NOW).toISOString(),
  data: null,
  definition: 'trip@1',
  ...change,
});
const signal = (change: Partial<SignalInbound> = {}): Inbound => ({
  ...CARRIED,
  kind: 'signal',
  key: 'x:sig',
  id: 'sig',
  identity: identity('sig'),
  event: 'e',
  source: 's',
  time: new Date(NOW).toISOString(),
  data: null,
  ...change,
});
const reply = (change: Partial<ReplyInbound> = {}): Inbound => ({
  ...CARRIED,
  kind: 'reply',
  key: `r:${RUN}:3`,
  run: RUN,
  n: 3,
  outcome: 'completed',
  retryable: false,
  data: null,
  ...change,
});
const tick = (change: Partial<TickInbound> = {}): Inbound => ({
  ...CARRIED,
  kind: 'tick',
  key: `t:${RUN}:${NOW}`,
  run: RUN,
  tickAt: NOW,
  ...change,
});
const operate = (act: OperationInbound['act'], change: Partial<OperationInbound> = {}): Inbound => ({
  ...CARRIED,
  kind: 'operate',
  key: 'o:op',
  id: 'op',
  identity: ACT,
  act,
  reason: '',
  by: '',
  ...change,
});

const verdict = (image: Image | undefined, inbound: Inbound, policy: Parameters<typeof definition>[0] = {}): Verdict =>
  classify(image, inbound, definition(policy));

describe('a start', () => {
  test.each([
    ['no head', undefined],
    ['an early buffer', imageOf('early', { run: '' })],
  ])('on %s applies', (_name, image) => {
    expect(verdict(image, start())).toBe('apply');
  });

  test.each(['running', 'completed', 'stuck'] as const)('that began this %s run is a duplicate', (status) => {
    expect(verdict(imageOf(status), start({ identity: RUN }))).toBe('dup');
  });

  test('is a duplicate if its id is in the ring of starts, even from an earlier run', () => {
    expect(verdict(imageOf('completed', { starts: [identity('second')] }), start(), { onClosed: 'restart' })).toBe('dup');
  });

  test('on an erased head begins no run, also of a child or a fork', () => {
    const erased = imageOf('completed', { erased: NOW });
    const command = { commandId: `${PID}/r/3`, hash: '' };
    expect(verdict(erased, start({ parent: { ...command, depth: 1, cancelIdentity: '' } }), { onClosed: 'restart' })).toBe('closed');
    expect(verdict(erased, start({ fork: command as never }))).toBe('closed');
    expect(verdict(erased, start({ identity: RUN }))).toBe('dup');
    expect(verdict(imageOf('completed', { erased: NOW, ...STARTED }), start())).toBe('dup');
  });

  test('on a stuck head is parked', () => {
    expect(verdict(imageOf('stuck'), start())).toBe('park');
  });

  test.each([
    ['reject', 'reject'],
    ['attach', 'dup'],
    ['signal', 'apply'],
    ['queue', 'queue'],
    ['replace', 'queue'],
  ] as const)('of an open id with the policy %s gives %s', (onOpen, expected) => {
    expect(verdict(imageOf('running'), start(), { onOpen })).toBe(expected);
    expect(verdict(imageOf('running'), start({ onOpen }), {})).toBe(expected);
  });

  test('that signals an open id is a duplicate if its id is in the ring of signals, and is verified if it may have left the ring', () => {
    expect(
      verdict(imageOf('running', { signals: [{ id: identity('second'), time: NOW }] }), start(), {
        onOpen: 'signal',
      }),
    ).toBe('dup');
    expect(verdict(imageOf('running', { signalsFloor: NOW }), start(), { onOpen: 'signal' })).toBe('verify');
  });

  test.each([
    ['reject', 'failed', 'closed'],
    ['restart', 'completed', 'restart'],
    ['restart-failed', 'completed', 'closed'],
    ['restart-failed', 'failed', 'restart'],
    ['restart-failed', 'cancelled', 'restart'],
  ] as const)('with onClosed %s over a %s run gives %s', (onClosed, status, expected) => {
    expect(verdict(imageOf(status), start(), { onClosed })).toBe(expected);
  });

  test('of an ended run is a duplicate if the run has read it, and is verified if it may have', () => {
    const read = { id: identity('second'), time: NOW };
    expect(verdict(imageOf('completed', { signals: [read] }), start())).toBe('dup');
    expect(verdict(imageOf('completed', { signalsFloor: NOW }), start())).toBe('verify');
  });

  test('waits with its restart for an undo that is still open', () => {
    expect(verdict(withCommand('failed', { mode: 'undo' }), start(), { onClosed: 'restart' })).toBe('wait');
    expect(verdict(withCommand('failed', { mode: 'send' }), start(), { onClosed: 'restart' })).toBe('restart');
  });
});

describe('a signal', () => {
  test.each([
    ['no head', undefined],
    ['an early buffer', imageOf('early', { run: '' })],
  ])('on %s is early', (_name, image) => {
    expect(verdict(image, signal())).toBe('early');
  });

  test.each([
    ['running', 'apply'],
    ['completed', 'closed'],
    ['stuck', 'park'],
  ] as const)('on a %s head gives %s', (status, expected) => {
    expect(verdict(imageOf(status), signal())).toBe(expected);
  });

  test.each(['running', 'completed', 'stuck'] as const)('is a duplicate on a %s head if its id is in the ring', (status) => {
    expect(verdict(imageOf(status, { signals: [{ id: identity('sig'), time: NOW }] }), signal())).toBe('dup');
  });

  test('is verified in the journal if it is not newer than the floor of the ring', () => {
    expect(verdict(imageOf('running', { signalsFloor: NOW }), signal())).toBe('verify');
    expect(verdict(imageOf('running', { signalsFloor: NOW - 1 }), signal())).toBe('apply');
    expect(verdict(imageOf('completed', { signalsFloor: NOW }), signal())).toBe('verify');
    expect(verdict(imageOf('completed', { signalsFloor: NOW - 1 }), signal())).toBe('closed');
  });
});

describe('a reply', () => {
  const buried = { run: 'r-old', n: 3, command: 'x.y', input: null };

  test('to an open command applies', () => {
    expect(verdict(withCommand('running'), reply())).toBe('apply');
  });

  test.each([
    ['no head', undefined],
    ['an early buffer', imageOf('early', { run: '' })],
  ])('on %s is of another run', (_name, image) => {
    expect(verdict(image, reply())).toBe('wrongRun');
  });

  test('of another run gets wrongRun', () => {
    expect(verdict(withCommand('running'), reply({ run: 'r-old' }))).toBe('wrongRun');
  });

  test('to a command that is no longer open is a duplicate', () => {
    expect(verdict(imageOf('running'), reply())).toBe('dup');
    expect(verdict(imageOf('completed'), reply())).toBe('dup');
  });

  test('to a command that this head has not issued yet is from the future: the head was restored', () => {
    expect(verdict(imageOf('running'), reply({ n: 6 }))).toBe('future');
    expect(verdict(imageOf('running'), reply({ n: 5 }))).toBe('dup');
  });

  test.each(['running', 'completed', 'failed'] as const)(
    'that is a late success applies on a %s head, also from an earlier run',
    (status) => {
      expect(verdict(imageOf(status, { tombstones: [buried] }), reply({ run: 'r-old' }))).toBe('apply');
    },
  );

  test('that is a late success on a stuck head is parked', () => {
    expect(verdict(imageOf('stuck', { tombstones: [buried] }), reply({ run: 'r-old' }))).toBe('park');
  });

  test.each(['failed', 'cancelled', 'unknown', 'deferred'] as const)('%s to a tombstone is late and changes nothing', (outcome) => {
    expect(verdict(imageOf('completed', { tombstones: [buried] }), reply({ run: 'r-old', outcome }))).toBe('late');
  });

  test('that is deferred a second time is a duplicate, unless it is a heartbeat', () => {
    expect(verdict(withCommand('running'), reply({ outcome: 'deferred' }))).toBe('apply');
    expect(verdict(withCommand('running', { deferred: true }), reply({ outcome: 'deferred' }))).toBe('dup');
    expect(verdict(withCommand('running', { deferred: true, heartbeatMs: 5 }), reply({ outcome: 'deferred' }))).toBe('apply');
    expect(verdict(withCommand('running', { deferred: true }), reply())).toBe('apply');
  });

  test('to a command of a stuck head is parked', () => {
    expect(verdict(withCommand('stuck'), reply())).toBe('park');
  });

  test('after the end applies to an undo, and is closed for a command of ctx.send', () => {
    expect(verdict(withCommand('failed', { mode: 'undo' }), reply())).toBe('apply');
    expect(verdict(withCommand('failed', { mode: 'send' }), reply())).toBe('closed');
  });
});

describe('a tick', () => {
  test('of the instant that the head holds applies, as tickAt and as due', () => {
    expect(verdict(imageOf('running', { tickAt: NOW }), tick())).toBe('apply');
    expect(verdict(imageOf('running', { due: NOW }), tick())).toBe('apply');
    expect(verdict(imageOf('completed', { due: NOW }), tick())).toBe('apply');
  });

  test('before its time waits', () => {
    expect(verdict(imageOf('running', { tickAt: NOW, clock: NOW - 1 }), tick({ at: NOW - 1 }))).toBe('wait');
  });

  test('is on time by process time too, which may be ahead of this worker', () => {
    expect(verdict(imageOf('running', { tickAt: NOW, clock: NOW }), tick({ at: NOW - 1 }))).toBe('apply');
  });

  test('of another instant is a duplicate: the newer one has its own tick', () => {
    expect(verdict(imageOf('running', { tickAt: NOW + 1 }), tick())).toBe('dup');
    expect(verdict(imageOf('running'), tick())).toBe('dup');
  });

  test('of another run, or of no instance, gets wrongRun', () => {
    expect(verdict(imageOf('running', { tickAt: NOW }), tick({ run: 'r-old' }))).toBe('wrongRun');
    expect(verdict(undefined, tick())).toBe('wrongRun');
  });

  test('on a stuck head is parked', () => {
    expect(verdict(imageOf('stuck', { tickAt: NOW }), tick())).toBe('park');
  });

  test('expires an early buffer at its time, not before, and once', () => {
    const early = imageOf('early', { run: '', due: NOW });
    expect(verdict(early, tick({ run: '' }))).toBe('expire');
    expect(verdict(early, tick({ run: '', at: NOW - 1 }))).toBe('wait');
    expect(verdict(early, tick({ run: '', tickAt: NOW - 1 }))).toBe('dup');
  });
});

describe('the command of an original at its fork', () => {
  const fork = { commandId: `${PID}/x/1`, hash: '', input: { operation: 'op', definition: 'trip@1', entries: 1, reason: '', by: '' } };
  const verdictOn = (image: Image | undefined, onClosed: 'reject' | 'restart' = 'restart'): Verdict =>
    verdict(image, start({ fork }), { onOpen: 'reject', onClosed });

  test('begins a run where there is none, once', () => {
    expect(verdictOn(undefined)).toBe('apply');
    expect(verdictOn(imageOf('early', { run: '' }))).toBe('apply');
    for (const status of ['running', 'completed', 'stuck'] as const)
      expect(verdictOn(imageOf(status, { run: identity('second') }))).toBe('dup');
    expect(verdictOn(imageOf('running', { starts: [identity('second')] }))).toBe('dup');
  });

  test('never replaces the run of another instance', () => {
    expect(verdictOn(imageOf('running'))).toBe('closed');
    expect(verdictOn(imageOf('completed'))).toBe('closed');
    expect(verdictOn(imageOf('stuck'))).toBe('park');
  });

  test('is answered after the end of the original, which begins no other run before', () => {
    const awaiting = withCommand('completed', { command: 'tutti.fork', owner: 'default#trip#y', mode: 'call' });
    expect(verdict(awaiting, reply())).toBe('apply');
    expect(verdict(awaiting, start(), { onOpen: 'reject', onClosed: 'restart' })).toBe('wait');
  });
});

describe('an operation', () => {
  test.each([
    ['cancel', 'running', 'apply'],
    ['cancel', 'stuck', 'apply'],
    ['cancel', 'completed', 'closed'],
    ['cancel', 'early', 'closed'],
    ['terminate', 'running', 'apply'],
    ['terminate', 'stuck', 'apply'],
    ['terminate', 'failed', 'closed'],
    ['resume', 'stuck', 'apply'],
    ['resume', 'running', 'dup'],
    ['resume', 'completed', 'dup'],
  ] as const)('that requests %s of a %s instance gets %s', (act, status, expected) => {
    expect(verdict(imageOf(status), operate(act))).toBe(expected);
  });

  test('to cancel an instance that could not start is parked: no run exists to cancel', () => {
    expect(verdict(imageOf('stuck', { run: '' }), operate('cancel'))).toBe('park');
    expect(verdict(imageOf('stuck', { run: '' }), operate('terminate'))).toBe('apply');
  });

  test('of a bulk job to cancel an instance that could not start gets closed, and one that was refused gets dup', () => {
    const answers = { commandId: 'default#tutti--bulk#job/r/1', hash: '', data: null };
    const stuck = { code: 'BUG', message: '', refused: 'op-1' };
    expect(verdict(imageOf('stuck', { run: '' }), operate('cancel', { answers }))).toBe('closed');
    expect(verdict(imageOf('stuck', { stuck }), operate('resume', { answers, id: 'op-1' }))).toBe('dup');
    expect(verdict(imageOf('stuck', { stuck }), operate('resume', { answers, id: 'op-2' }))).toBe('apply');
  });

  test('of a bulk job that changes nothing is noted once, and a copy of it is a duplicate in every later state', () => {
    const answers = { commandId: 'default#tutti--bulk#job/r/1', hash: '', data: null };
    expect(verdict(imageOf('running'), operate('resume', { answers }))).toBe('note');
    expect(verdict(imageOf('stuck'), operate('pause', { answers }))).toBe('note');
    expect(verdict(imageOf('completed'), operate('resume', { answers }))).toBe('dup');
    expect(verdict(imageOf('early', { run: '' }), operate('resume', { answers }))).toBe('dup');
    expect(verdict(imageOf('stuck', { run: '' }), operate('pause', { answers }))).toBe('dup');
    for (const mark of ['=', '!']) expect(verdict(imageOf('stuck', { starts: [ACT + mark] }), operate('resume', { answers }))).toBe('dup');
  });

  test('of a bulk job gets closed by another run than that of the preview, but not by a later run of its chain', () => {
    const of = (run: string, image: Partial<Image> = {}) => verdict(imageOf('running', image), operate('cancel', { run }));
    expect([of(RUN), of('other'), of('other', { starts: [ACT] })]).toEqual(['apply', 'closed', 'dup']);
    expect(of('first', { chain: { first: 'first', number: 3 } })).toBe('apply');
  });

  test('to resolve applies to an open command or a tombstone, by the path of its step or by its id; any other is a duplicate', () => {
    const tombstones = [{ run: 'r-old', n: 2, command: 'x.y', input: null, path: 'x.y:9' }];
    const resolve = (step: string | undefined, status: InstanceStatus = 'running') =>
      verdict({ ...withCommand(status), tombstones }, operate('resolve', step === undefined ? {} : { step }));
    expect([resolve('x.y:3'), resolve('x.y:3', 'stuck'), resolve(`default#trip#a/${RUN}/3`)]).toEqual(['apply', 'apply', 'apply']);
    expect([resolve('x.y:9', 'completed'), resolve('default#trip#a/r-old/2', 'completed')]).toEqual(['apply', 'apply']);
    expect([resolve('x.y:4'), resolve(undefined), resolve('x.y')]).toEqual(['dup', 'dup', 'dup']);
  });

  test('that is repeated is a duplicate', () => {
    expect(verdict(imageOf('stuck', { starts: [ACT] }), operate('resume'))).toBe('dup');
  });

  test('of an unknown instance gets closed', () => {
    expect(verdict(undefined, operate('cancel'))).toBe('closed');
  });
});

/** An image and an event for each verdict in the last cell of a row. */
type Case = readonly [image: Image | undefined, inbound: Inbound, policy?: Parameters<typeof definition>[0]];

const LAST = { run: RUN, n: 3, command: 'x.y', input: null };
const UNRESOLVED = { ...LAST, unresolved: { since: NOW, attempts: 1 } };
const OLD = { signalsFloor: NOW };
const RINGED = { signals: [{ id: identity('sig'), time: NOW }] };
const STARTED = { signals: [{ id: identity('second'), time: NOW }] };
const UNDONE = commandOf(4, { mode: 'undo' });

/** By table and row of docs/protocol.md#verdicts. A verdict of the engine, which reads the journal, has no case here. */
const PAUSED = { paused: { at: NOW, by: 'ann', reason: '', clock: 'stop' } } as const satisfies Partial<Image>;

const WAITING = {
  waiting: ['w-1', 'w-2'].map((identity) => ({ identity, id: identity, source: 'shop', since: NOW, data: null })),
} satisfies Partial<Image>;

const FULL = {
  gate: { process: 'p', key: 'k', spec: { kind: 'concurrency', most: 1 }, running: [], begun: 0 },
  waiting: Array.from({ length: 100 }, (_, i) => ({ identity: `w-${i}`, id: `w-${i}`, source: 'shop', since: NOW, data: null })),
} satisfies Partial<Image>;

const CASES: Readonly<Record<string, readonly (readonly Case[])[]>> = {
  Start: [
    [[undefined, start()]],
    [[imageOf('completed'), start({ identity: RUN }), { onClosed: 'restart' }]],
    [[imageOf('completed', { erased: NOW }), start(), { onClosed: 'restart' }]],
    [[imageOf('stuck'), start()]],
    [
      [imageOf('completed', WAITING), start({ identity: 'w-1' })],
      [{ ...imageOf('failed', WAITING), commands: new Map([[4, UNDONE]]) }, start({ identity: 'w-1' })],
    ],
    [[imageOf('running', WAITING), start({ identity: 'w-2' }), { onOpen: 'queue' }]],
    [[imageOf('completed', WAITING), start(), { onClosed: 'restart' }]],
    [[imageOf('running', STARTED), start(), { onOpen: 'signal' }]],
    [[imageOf('running', PAUSED), start(), { onOpen: 'signal' }]],
    [[imageOf('running', FULL), start(), { onOpen: 'signal' }]],
    [
      [imageOf('running'), start(), { onOpen: 'signal' }],
      [imageOf('running', OLD), start(), { onOpen: 'signal' }],
    ],
    [[imageOf('running'), start(), { onOpen: 'replace' }]],
    [[imageOf('running'), start(), { onOpen: 'attach' }]],
    [[imageOf('running'), start()]],
    [[imageOf('failed', { commands: new Map([[4, UNDONE]]) }), start(), { onClosed: 'restart' }]],
    [[imageOf('failed'), start(), { onClosed: 'restart-failed' }]],
    [[imageOf('completed', STARTED), start()]],
    [
      [imageOf('completed'), start()],
      [imageOf('completed', OLD), start()],
    ],
  ],
  'Signal or domain event': [
    [[undefined, signal()]],
    [[imageOf('completed', RINGED), signal()]],
    [
      [imageOf('completed'), signal()],
      [imageOf('completed', OLD), signal()],
    ],
    [[imageOf('stuck', OLD), signal()]],
    [[imageOf('running', { ...OLD, ...PAUSED }), signal()]],
    [
      [imageOf('running'), signal()],
      [imageOf('running', OLD), signal()],
    ],
  ],
  Reply: [
    [[imageOf('early', { run: '' }), reply()]],
    [
      [imageOf('completed', { tombstones: [LAST] }), reply()],
      [imageOf('stuck', { tombstones: [LAST] }), reply()],
      [imageOf('running', { tombstones: [LAST], ...PAUSED }), reply()],
    ],
    [
      [imageOf('completed', { tombstones: [UNRESOLVED] }), reply({ outcome: 'cancelled' })],
      [imageOf('stuck', { tombstones: [UNRESOLVED] }), reply({ outcome: 'failed' })],
    ],
    [[imageOf('completed', { tombstones: [LAST] }), reply({ outcome: 'failed' })]],
    [[withCommand('running'), reply({ run: 'r-old' })]],
    [[imageOf('running'), reply({ n: 6 })]],
    [[imageOf('running'), reply({ n: 5 })]],
    [[withCommand('stuck', { unknown: { since: NOW, attempts: 1 } }), reply({ outcome: 'unknown' })]],
    [[withCommand('stuck'), reply()]],
    [[{ ...withCommand('running'), ...PAUSED }, reply()]],
    [[withCommand('completed', { mode: 'send' }), reply()]],
    [[withCommand('running'), reply()]],
  ],
  Tick: [
    [[undefined, tick()]],
    [
      [imageOf('early', { run: '', due: NOW }), tick()],
      [imageOf('early', { run: '', due: NOW + 1 }), tick({ tickAt: NOW + 1 })],
    ],
    [[imageOf('early', { run: '', due: NOW + 1 }), tick()]],
    [[imageOf('running', { tickAt: NOW }), tick({ run: 'r-old' })]],
    [[imageOf('running', { tickAt: NOW + 1 }), tick()]],
    [[imageOf('stuck', { due: NOW }), tick()]],
    [[imageOf('running', { due: NOW + 1 }), tick({ tickAt: NOW + 1 })]],
    [[imageOf('running', { tickAt: NOW + 1, clock: NOW + 1 }), tick({ tickAt: NOW + 1 })]],
  ],
  Operation: [
    [[undefined, operate('terminate')]],
    [
      [imageOf('running', { paused: { ...PAUSED.paused, hold: 'process:p' }, starts: [ACT] }), operate('resume', { hold: 'process:p' })],
      [imageOf('running', PAUSED), operate('resume', { hold: 'process:p' })],
    ],
    [[imageOf('stuck', { starts: [ACT] }), operate('resume')]],
    [
      [imageOf('stuck'), operate('resume')],
      [imageOf('running'), operate('resume')],
    ],
    [
      [withCommand('running'), operate('resolve', { step: 'x.y:3' })],
      [imageOf('running'), operate('resolve', { step: 'x.y:3' })],
      [{ ...withCommand('running'), ...PAUSED }, operate('resolve', { step: 'x.y:3' })],
    ],
    [[imageOf('early', { run: '' }), operate('terminate')]],
    [
      [imageOf('running', PAUSED), operate('pause')],
      [imageOf('running'), operate('pause')],
    ],
    [[imageOf('running', { definition: 'p@2' }), operate('move', { version: 2 })]],
    [[imageOf('stuck'), operate('move', { version: 2 })]],
    [
      [imageOf('running', PAUSED), operate('move', { version: 2 })],
      [imageOf('running'), operate('move', { version: 2 })],
    ],
    [
      [imageOf('early', { run: '' }), operate('fork')],
      [imageOf('completed'), operate('fork')],
      [imageOf('completed', { erased: NOW }), operate('fork')],
    ],
    [[imageOf('early', { run: '' }), operate('erase')]],
    [
      [imageOf('completed', { erased: NOW }), operate('erase')],
      [imageOf('running'), operate('erase')],
    ],
    [[imageOf('stuck', { run: '' }), operate('cancel')]],
    [[imageOf('stuck'), operate('cancel')]],
  ],
};

/** The compiler refuses an unused name. */
const VERDICTS: Readonly<Record<Verdict, true>> = {
  early: true,
  apply: true,
  late: true,
  dup: true,
  closed: true,
  wrongRun: true,
  future: true,
  park: true,
  keep: true,
  held: true,
  wait: true,
  expire: true,
  verify: true,
  reject: true,
  restart: true,
  queue: true,
  note: true,
};

const section = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')
  .split(/^## /m)
  .find((part) => part.startsWith('5. Verdicts'));

/** The verdicts in the last cell of each row of a table. */
const rowsOf = (table: string): string[][] => {
  const [, part = ''] = (section ?? '').split(`**${table}`);
  const rows = [...(part.split('|---|---|---|\n')[1] ?? '').split('\n\n')[0]!.matchAll(/^\|.*\| ([^|]*) \|$/gm)];
  return rows.map(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name).filter((name) => name in VERDICTS));
};

describe('docs/protocol.md', () => {
  test.each(Object.keys(CASES))('lists the verdicts of the code on a %s', (table) => {
    const rows = CASES[table] ?? [];
    const given = rows.map((cases) => cases.map(([image, inbound, policy]) => verdict(image, inbound, policy)));
    expect(rowsOf(table).map((names, row) => names.slice(0, rows[row]?.length))).toEqual(given);
  });

  test('names each verdict, and how its message is acknowledged', () => {
    const acknowledged = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')
      .split('### 4.7')[1]!
      .split(/^## /m)[0]!;
    const decided = new Set(['apply', 'reject', 'restart', 'verify', 'queue', 'note']);
    const named = (text: string, name: string): boolean => text.includes(`\`${name}\``);
    expect(Object.keys(VERDICTS).filter((name) => !named(section ?? '', name))).toEqual([]);
    expect(Object.keys(VERDICTS).filter((name) => !decided.has(name) && !named(acknowledged, name))).toEqual([]);
  });
});
