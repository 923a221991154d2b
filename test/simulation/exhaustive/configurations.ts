import type { CommandEnvelope, Outcome } from '../../../lib/contract/wire/envelope.ts';
import { Cloud, EMPTY, type Snapshot } from './cloud.ts';
import type { Configuration, FirstMessage } from './configuration.ts';
import { settle } from './fixpoint.ts';
import { eventBody, invalidReplyBody, operateBody, replyBody, START } from './inbox-bodies.ts';

const ORDER = { order: '1' };
const PAIR = 'default#pair#1';
const NOTE = 'default#note#1';
const startPair = eventBody('shop.pair-ordered', 'start', ORDER);
const startPairOtherwise = eventBody('shop.pair-ordered', 'other-start', ORDER);
const startGift = eventBody('shop.gift-ordered', 'start', ORDER);
const startRound = eventBody('shop.round-ordered', 'start', { ...ORDER, isLast: false });
const roundNoted = (id: string): string => eventBody('shop.round-noted', id, ORDER);
const startNote = eventBody('shop.note-ordered', 'start', ORDER);
const noted = (id: string): string => eventBody('shop.noted', id, { order: '1', note: 'n' });

/** The state of a cloud after these messages, one after the other, and at most this number of replies to the commands that they caused. */
const after = async (bodies: readonly string[], answers = 0, from: Snapshot = EMPTY): Promise<Snapshot> => {
  const cloud = new Cloud(START, from);
  for (const [i, body] of bodies.entries()) cloud.inbox.add({ id: `before-${i}`, body, sentAt: START, visibleAt: START });
  await settle(cloud, answers);
  return cloud.snapshot();
};

const commandOf = ({ sent }: Snapshot, type: string): CommandEnvelope => {
  const command = sent.find((each) => each.type === type);
  if (!command) throw new Error(`No ${type} was sent.`);
  return command;
};

const message = (id: string, body: string): FirstMessage => ({ id, body });

/** The cases. Each is small enough for a search to its end. */
export const configurations = async (): Promise<readonly Configuration[]> => {
  const pairOpen = await after([startPair]);
  const pairClosing = await after([startPair], 2);
  const noteOpen = await after([startNote]);
  const roundOpen = await after([startRound]);
  const pairTerminated = await after([startPair, operateBody(PAIR, 'terminate')]);
  const answer = (snapshot: Snapshot, type: string, outcome: Outcome = 'completed'): string =>
    replyBody(commandOf(snapshot, type), outcome);
  const noteStuck = await after([answer(noteOpen, 'left.book', 'unknown')], 0, noteOpen);
  const invalid = (snapshot: Snapshot, type: string): string => invalidReplyBody(commandOf(snapshot, type));
  const pairCancelled = await after([startPair, operateBody(PAIR, 'cancel')]);
  const notePaused = await after([startNote, operateBody(NOTE, 'pause')]);
  const noteInvalid = await after([invalid(noteOpen, 'left.book')], 0, noteOpen);
  const at = { now: START };
  return [
    { name: 'a start and its redelivery', from: EMPTY, messages: [message('start', startPair)], duplicates: 1, ...at },
    { name: 'a start under two message ids', from: EMPTY, messages: [message('start', startPair), message('twin', startPair)], ...at },
    {
      name: 'two starts of one id with different events',
      from: EMPTY,
      messages: [message('start', startPair), message('other', startPairOtherwise)],
      ...at,
    },
    { name: 'a start and a signal', from: EMPTY, messages: [message('start', startNote), message('signal', noted('signal'))], ...at },
    {
      name: 'a start and a signal under two message ids',
      large: true,
      from: EMPTY,
      messages: [message('start', startNote), message('signal', noted('signal')), message('twin', noted('signal'))],
      ...at,
    },
    {
      name: 'two answers of a parallel',
      from: pairOpen,
      messages: [message('left', answer(pairOpen, 'left.book')), message('right', answer(pairOpen, 'right.book'))],
      ...at,
    },
    {
      name: 'two answers of a parallel, one under two message ids',
      large: true,
      from: pairOpen,
      messages: [
        message('left', answer(pairOpen, 'left.book')),
        message('right', answer(pairOpen, 'right.book')),
        message('twin', answer(pairOpen, 'right.book')),
      ],
      ...at,
    },
    {
      name: 'an answer and the tick of its time-out',
      from: noteOpen,
      messages: [message('left', answer(noteOpen, 'left.book'))],
      large: true,
      now: START + 150_000,
    },
    {
      name: 'an answer and a cancel',
      from: pairOpen,
      messages: [message('left', answer(pairOpen, 'left.book')), message('cancel', operateBody(PAIR, 'cancel'))],
      ...at,
    },
    {
      name: 'an answer and a terminate',
      from: pairOpen,
      messages: [message('left', answer(pairOpen, 'left.book')), message('terminate', operateBody(PAIR, 'terminate'))],
      ...at,
    },
    {
      name: 'a closing answer and its redelivery',
      from: pairClosing,
      messages: [message('finish', answer(pairClosing, 'desk.finish'))],
      duplicates: 1,
      ...at,
    },
    {
      name: 'a closing answer under two message ids',
      from: pairClosing,
      messages: [message('finish', answer(pairClosing, 'desk.finish')), message('twin', answer(pairClosing, 'desk.finish'))],
      ...at,
    },
    {
      name: 'an answer that makes it stuck, a signal, and a resume',
      from: noteOpen,
      messages: [
        message('unknown', answer(noteOpen, 'left.book', 'unknown')),
        message('signal', noted('signal')),
        message('resume', operateBody(NOTE, 'resume')),
      ],
      large: true,
      ...at,
    },
    {
      name: 'a signal to what is stuck, and a resume',
      large: true,
      from: noteStuck,
      messages: [message('signal', noted('signal')), message('resume', operateBody(NOTE, 'resume'))],
      ...at,
    },
    {
      name: 'an answer to what is paused, and a cancel',
      from: notePaused,
      messages: [message('left', answer(noteOpen, 'left.book')), message('cancel', operateBody(NOTE, 'cancel'))],
      large: true,
      ...at,
    },
    {
      name: 'a signal to what is paused, and a resume',
      from: notePaused,
      messages: [message('signal', noted('signal')), message('resume', operateBody(NOTE, 'resume'))],
      large: true,
      ...at,
    },
    {
      name: 'late success after close, under two message ids',
      from: pairTerminated,
      messages: [message('left', answer(pairTerminated, 'left.book')), message('twin', answer(pairTerminated, 'left.book'))],
      ...at,
    },
    {
      name: 'an invalid and a valid answer to one command',
      from: noteOpen,
      messages: [message('invalid', invalid(noteOpen, 'left.book')), message('left', answer(noteOpen, 'left.book'))],
      ...at,
    },
    {
      name: 'a closing answer and an invalid one',
      from: pairClosing,
      messages: [message('finish', answer(pairClosing, 'desk.finish')), message('invalid', invalid(pairClosing, 'desk.finish'))],
      ...at,
    },
    {
      name: 'a valid answer to what an invalid one has made stuck, and a resume',
      from: noteInvalid,
      messages: [message('left', answer(noteOpen, 'left.book')), message('resume', operateBody(NOTE, 'resume'))],
      large: true,
      ...at,
    },
    {
      name: 'an unknown outcome of what was cancelled, and its late success',
      from: pairCancelled,
      messages: [message('unknown', answer(pairCancelled, 'left.book', 'unknown')), message('late', answer(pairCancelled, 'left.book'))],
      ...at,
    },
    { name: 'a parent whose child ends at once', from: EMPTY, messages: [message('start', startGift)], large: true, ...at },
    {
      name: 'two events of a process that continues as new',
      from: roundOpen,
      messages: [message('one', roundNoted('one')), message('two', roundNoted('two'))],
      large: true,
      ...at,
    },
    {
      name: 'two answers that are forwarded to the hot lane',
      large: true,
      from: heated(pairOpen),
      messages: [message('left', answer(pairOpen, 'left.book')), message('right', answer(pairOpen, 'right.book'))],
      hotLane: true,
      ...at,
    },
  ];
};

/** The state with hot instances, as after recent writes of several workers. */
const heated = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  heads: snapshot.heads.map((head) => ({ ...head, hotUntil: START + 2_000 })),
});
