import type { Bill, Line } from './bill.ts';
import type { BookingCounts } from './booking-counts.ts';
import type { PartCounts } from './part-counts.ts';
import type { StepCounts } from './step-counts.ts';

/** The memory that the constructs give advance-processes, and the duration of a batch. The duration is an assumption: measure your own. */
export const MEMORY_MB = 512;
export const durationMs = (batch: number): number => (batch === 1 ? 30 : 60);

const invocation = (count: number, batch: number, why: string): readonly Line[] => [
  { item: 'Lambda, requests', quantity: count, price: 'functionRequest', why },
  {
    item: 'Lambda, duration',
    quantity: (count * durationMs(batch) * MEMORY_MB) / 1000 / 1024,
    price: 'gigabyteSecond',
    why: `${durationMs(batch)} ms at ${MEMORY_MB} MB each`,
  },
];

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
const batches = (batch: number): string => (batch === 1 ? 'one by one' : `in batches of ${batch}`);

/** Tutti's bill, from the counted calls and units. */
export const tuttiBill = (counts: BookingCounts): Bill => {
  const { batch, events, ticks, commands, busEvents, sendCalls, writeUnits, indexWrites, readUnits } = counts;
  const received = events + ticks + commands;
  return [
    {
      item: 'EventBridge, events',
      quantity: busEvents,
      price: 'customEvent',
      why: `a start, ${commands} replies, the rest published by the process`,
    },
    { item: 'SQS, put into the inbox', quantity: events, price: 'queueRequest', why: 'by EventBridge, each by itself' },
    {
      item: 'SQS, sent by the engine',
      quantity: sendCalls,
      price: 'queueRequest',
      why: `${plural(commands, 'command')}, ${plural(ticks, 'tick')}: calls as counted`,
    },
    {
      item: 'SQS, received',
      quantity: received / batch,
      price: 'queueRequest',
      why: `${events} events, ${plural(ticks, 'tick')}, ${commands} commands, ${batches(batch)}`,
    },
    { item: 'SQS, deleted', quantity: received / batch, price: 'queueRequest', why: 'the same' },
    ...invocation((events + ticks) / batch, batch, `${events} events, ${plural(ticks, 'tick')}, ${batches(batch)}`),
    { item: 'DynamoDB, writes', quantity: writeUnits, price: 'writeUnit', why: 'units as counted' },
    {
      item: 'DynamoDB, index writes',
      quantity: indexWrites,
      price: 'writeUnit',
      why: 'one that appears in the list, two for the change of its status',
    },
    { item: 'DynamoDB, reads', quantity: readUnits, price: 'readUnit', why: 'units as counted' },
  ];
};

/** Writes per command: the claim and the completion, each at most 1 KB with its envelope. */
export const RECORD_WRITES = 2;

/** The bill of one step of `ctx.run`, one message at a time: a command, its run by the step runner, and its reply. */
export const stepBill = ({ events, ticks, sendCalls, writeUnits, readUnits, runnerReadUnits }: StepCounts): Bill => [
  { item: 'EventBridge, events', quantity: events, price: 'customEvent', why: 'the reply' },
  {
    item: 'SQS, requests',
    quantity: events + sendCalls + 2 * (events + ticks + 1),
    price: 'queueRequest',
    why: 'command and reply, each sent, received and deleted',
  },
  ...invocation(events + ticks + 1, 1, 'the engine and the step runner'),
  { item: 'DynamoDB, writes', quantity: writeUnits + RECORD_WRITES, price: 'writeUnit', why: 'the commit, and two of the command record' },
  { item: 'DynamoDB, reads', quantity: readUnits + runnerReadUnits, price: 'readUnit', why: 'the head, read by the step runner' },
];

/** The bill of one use of a part of Tutti, one message at a time. */
export const partBill = (counts: PartCounts): Bill => {
  const { events, ticks, busEvents, clientSends, sendCalls, writeUnits, indexWrites, readUnits } = counts;
  return [
    { item: 'EventBridge, events', quantity: busEvents, price: 'customEvent', why: 'of a client or another program' },
    {
      item: 'SQS, requests',
      quantity: busEvents + clientSends + sendCalls + 2 * (events + ticks),
      price: 'queueRequest',
      why: 'each message put, received and deleted',
    },
    ...invocation(events + ticks, 1, 'the engine'),
    { item: 'DynamoDB, writes', quantity: writeUnits, price: 'writeUnit', why: 'units as counted' },
    { item: 'DynamoDB, index writes', quantity: indexWrites, price: 'writeUnit', why: 'units as counted' },
    { item: 'DynamoDB, reads', quantity: readUnits, price: 'readUnit', why: 'units as counted' },
  ];
};

/** The queues of the services. Every engine that sends commands through queues pays the same. */
const commandQueues = (commands: number): Line => ({
  item: 'SQS, command queues',
  quantity: commands * 3,
  price: 'queueRequest',
  why: `${commands} commands sent, received, deleted one by one`,
});

/** The same booking with other engines, one message at a time. Services poll their queues and answer, as with Tutti. */
export const otherBills = ({
  commands,
  events,
}: BookingCounts): readonly { readonly engine: string; readonly bill: Bill; readonly note: string }[] => [
  {
    engine: 'Step Functions Standard',
    note: 'each command is a state that sends a task token to a queue; services reply with SendTaskSuccess, which is free, and must keep the token',
    bill: [
      { item: 'state transitions', quantity: commands + 1, price: 'transition', why: `${commands} commands, the completion event` },
      commandQueues(commands),
      { item: 'EventBridge, events', quantity: 2, price: 'customEvent', why: 'the start, the completion' },
    ],
  },
  {
    engine: 'Lambda durable functions',
    note: 'a callback for each command; a table of your own finds the callback of a reply, and a function completes it',
    bill: [
      {
        item: 'durable operations',
        quantity: 1 + 2 * commands,
        price: 'durableOperation',
        why: `the start; ${commands} callbacks made and completed`,
      },
      { item: 'data written', quantity: ((1 + 2 * commands) * 1024) / 1e9, price: 'durableGigabyte', why: '1 KB for each operation' },
      commandQueues(commands),
      { item: 'EventBridge, events', quantity: 2 + commands, price: 'customEvent', why: `the start, ${commands} replies, the completion` },
      { item: 'SQS, replies', quantity: commands * 3, price: 'queueRequest', why: 'to the function that completes callbacks' },
      { item: 'DynamoDB, callbacks', quantity: commands, price: 'writeUnit', why: 'the address of the callback of a command' },
      { item: 'DynamoDB, look-ups', quantity: commands, price: 'readUnit', why: 'one for each reply' },
      ...invocation(events + commands, 1, `${events} of the durable function, ${commands} of the other`),
    ],
  },
  {
    engine: 'Temporal Cloud, events',
    note: 'an activity sends each command, a signal brings each reply; workers, and the program that turns replies into signals, are not counted',
    bill: [
      { item: 'actions', quantity: 1 + 2 * commands, price: 'action', why: `the start; ${commands} activities, ${commands} signals` },
      commandQueues(commands),
      { item: 'EventBridge, events', quantity: 2 + commands, price: 'customEvent', why: `the start, ${commands} replies, the completion` },
    ],
  },
  {
    engine: 'Temporal Cloud, activities',
    note: 'services are Temporal workers and called directly, without queue and event; workers are not counted',
    bill: [{ item: 'actions', quantity: 1 + commands, price: 'action', why: `the start; ${commands} activities` }],
  },
  {
    engine: 'Temporal Cloud, activities, 100 million actions a month',
    note: 'the same at the price for the largest customers',
    bill: [{ item: 'actions', quantity: 1 + commands, price: 'actionOfMany', why: `the start; ${commands} activities` }],
  },
];
