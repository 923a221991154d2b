import { describe, expect, test } from 'vitest';
import { MemoryReplyKeys } from '../../lib/adapters/memory/reply-keys.ts';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import { inboxBody } from '../../lib/format/inbox-message.ts';
import { ReplyTokens } from '../../lib/format/reply-tokens.ts';
import { charging, InboxRig } from './inbox-rig.ts';

const PID = 'default#fulfil#o-1';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** An instance whose payment is out, with a token. */
const signed = async (replyKeys = new MemoryReplyKeys()) => ({ ...(await charging({ replyKeys })), replyKeys });

const isAnswered = async (rig: InboxRig): Promise<boolean> => (await rig.story(PID)).includes('CommandAnswered');
const tokenOf = ({ replytoken }: CommandEnvelope): string => replytoken as string;

describe('the token of a reply proves that its sender has read the command', () => {
  test('a reply that copies the token of its command is applied', async () => {
    const { rig, charge } = await signed();
    expect(charge.replytoken).toMatch(/^h1\.[\w-]{8}\.[\w-]{22}$/);
    rig.reply(charge, { replytoken: tokenOf(charge) });
    await rig.work();
    expect(await isAnswered(rig)).toBe(true);
    expect(await rig.parked()).toEqual([]);
  });

  test.each<[string, (token: string) => string | undefined]>([
    ['has no token', () => undefined],
    ['has one of another key', (token) => token.replace(/^h1\.[\w-]{8}/, 'h1.AAAAAAAA')],
    ['has one of another form', (token) => token.slice(0, -1)],
    ['has another code', (token) => token.replace(/.{22}$/, 'A'.repeat(22))],
  ])('a reply is FORBIDDEN if it %s, even with all other fields of the command', async (_what, forge) => {
    const { rig, charge } = await signed();
    const before = await rig.head(PID);
    const token = forge(tokenOf(charge));
    rig.reply(charge, token === undefined ? {} : { replytoken: token });
    await rig.work();
    expect(await rig.head(PID)).toEqual(before);
    expect(await rig.parked(PID)).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });

  test('a reply with the token of another command is FORBIDDEN', async () => {
    const replyKeys = new MemoryReplyKeys();
    const { rig, charge } = await signed(replyKeys);
    rig.event('shop.placed', { orderId: 'o-2' }, { id: 'e-2' });
    await rig.work();
    const [other] = await rig.commands();
    rig.reply(charge, { replytoken: tokenOf(other as CommandEnvelope) });
    await rig.work();
    expect(await isAnswered(rig)).toBe(false);
  });

  test('a reply to a command that was not sent makes an instance stuck only with a valid token', async () => {
    const { rig, charge } = await signed();
    const commandid = charge.id.replace(/\d+$/, '9999');
    rig.reply(charge, { commandid, id: `${commandid}:completed`, replytoken: tokenOf(charge) });
    await rig.work();
    expect(await rig.head(PID)).toMatchObject({ status: 'running' });
    expect(await rig.parked(PID)).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });

  test('a reply needs no token if its command was sent before the first key', async () => {
    const { rig, charge } = await charging();
    expect(charge.replytoken).toBeUndefined();
    rig.clock.advance(MINUTE);
    const later = new InboxRig({ replyKeys: new MemoryReplyKeys(), state: rig.state, clock: rig.clock });
    later.reply(charge);
    await later.work();
    expect(await isAnswered(later)).toBe(true);
  });
});

describe('a new key', () => {
  const rotation = inboxBody({ tutti: 'rotate-keys', opid: 'op-1', by: 'alice' });
  const keyOf = (command: CommandEnvelope): string => tokenOf(command).split('.')[1] as string;

  test('a new key signs only when every worker has read it', async () => {
    const { rig, charge, replyKeys } = await signed();
    rig.put(rotation);
    rig.put(rotation);
    await rig.work();
    const [first, second, ...more] = await replyKeys.keys();
    expect([keyOf(charge), more]).toEqual([first?.id, []]);
    const signing = async (id: string): Promise<string> => {
      rig.event('shop.placed', { orderId: id }, { id: `e-${id}` });
      await rig.work();
      const [command] = await rig.commands();
      return keyOf(command as CommandEnvelope);
    };
    rig.clock.advance(6 * MINUTE);
    expect(await signing('o-2')).toBe(first?.id);
    rig.clock.advance(6 * MINUTE);
    expect(await signing('o-3')).toBe(second?.id);
  });

  test('replies to commands of an earlier key stay valid, however late', async () => {
    const { rig, charge } = await signed();
    rig.put(rotation);
    await rig.work();
    rig.clock.advance(2 * DAY);
    rig.reply(charge, { replytoken: tokenOf(charge) });
    await rig.work();
    expect(await isAnswered(rig)).toBe(true);
  });

  test('a token of the earlier key is invalid for later commands', async () => {
    const replyKeys = new MemoryReplyKeys();
    const { rig } = await signed(replyKeys);
    rig.put(rotation);
    await rig.work();
    rig.clock.advance(2 * DAY);
    rig.event('shop.placed', { orderId: 'o-2' }, { id: 'e-2' });
    await rig.work();
    const [late] = await rig.commands();
    const [stolen] = await replyKeys.keys();
    const thief = new MemoryReplyKeys();
    await thief.add(stolen!, undefined);
    const tokens = new ReplyTokens(thief, rig.clock);
    await tokens.refresh();
    const { id, datahash } = late as CommandEnvelope;
    rig.reply(late as CommandEnvelope, { replytoken: tokens.sign(id, datahash) });
    await rig.work();
    expect(await rig.story('default#fulfil#o-2')).not.toContain('CommandAnswered');
    expect(await rig.parked('default#fulfil#o-2')).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });

  test('only operators rotate the keys', async () => {
    const { rig, replyKeys } = await signed();
    const deployed = new InboxRig({ deployed: true, replyKeys, state: rig.state, clock: rig.clock });
    for (const channel of ['inbox', 'starts'] as const) deployed.put(rotation, { channel });
    await deployed.work();
    expect(await replyKeys.keys()).toHaveLength(1);
    expect(await deployed.parked()).toMatchObject([{ reason: 'FORBIDDEN' }, { reason: 'FORBIDDEN' }]);
    deployed.put(rotation, { channel: 'operations' });
    await deployed.work();
    expect(await replyKeys.keys()).toHaveLength(2);
  });
});

describe('the keys', () => {
  test('the keys are read every five minutes, and the first worker makes the first key', async () => {
    let reads = 0;
    const store = new MemoryReplyKeys();
    const counted = { keys: () => ((reads += 1), store.keys()), add: store.add.bind(store) };
    const { rig } = await charging({ replyKeys: counted });
    expect(reads).toBe(2);
    for (let minute = 0; minute < 11; minute += 1) {
      rig.event('shop.placed', { orderId: `n-${minute}` }, { id: `e-${minute}` });
      await rig.work();
      rig.clock.advance(MINUTE);
    }
    expect(reads).toBe(4);
    expect(await store.keys()).toHaveLength(1);
  });

  test('a message stays in the inbox while the keys cannot be read', async () => {
    const broken = { keys: () => Promise.reject(new Error('no table')), add: () => Promise.resolve(false) };
    const rig = new InboxRig({ replyKeys: broken });
    rig.event('shop.placed', { orderId: 'o-1' });
    expect(await rig.work()).toBeGreaterThan(0);
    expect(await rig.head(PID)).toBeUndefined();
    expect(rig.inbox.size).toBe(1);
  });
});
