import assert from 'node:assert/strict';
import { isOrchestratorError } from '../../contract/errors.ts';
import { withoutValues } from '../../contract/schema.ts';
import { NEWER, parseVersion } from '../../contract/versions.ts';
import { ACTIVATION_MAX, goesOn } from '../../core/activation.ts';
import type { RingEntry } from '../../core/image.ts';
import { type Inbound, type ReplyInbound, type SignalInbound, type StartInbound } from '../../core/inbound.ts';
import type { RecordedFact } from '../../core/journal-entry.ts';
import { rememberSignal } from '../../core/signal-ring.ts';
import { arm, nextDue } from '../../core/timers.ts';
import type { ProcessRun } from '../../core/run.ts';
import { lateOf } from '../../core/unresolved.ts';
import { applyOperation, remember } from './apply-operation.ts';
import type { LiveInstance } from './live-instance.ts';

/** Decides on one event whose verdict is `apply`, `reject` or `restart`: applies its facts, one activation each. */
export async function decideEvent(live: LiveInstance, inbound: Inbound, rejected: boolean): Promise<void> {
  const { run } = live;
  run.carrier = { cause: inbound.key, messageId: inbound.messageId };
  run.hops = inbound.kind === 'tick' || inbound.kind === 'operate' ? 0 : inbound.hops;
  run.trace = inbound.trace ?? run.image.trace;
  const at = Math.max(inbound.at, run.image.clock);
  switch (inbound.kind) {
    case 'start':
      await applyStart(live, inbound, at, rejected);
      break;
    case 'signal':
      await applySignal(live, inbound, at);
      break;
    case 'reply':
      await applyReply(live, inbound, at);
      break;
    case 'operate':
      await applyOperation(live, inbound, at);
      break;
    case 'tick':
      if (run.image.tickAt === inbound.tickAt) delete run.image.tickAt;
      if (run.image.due === inbound.tickAt) delete run.image.due;
      run.image.clock = at;
      break;
  }
  // Including timers that the event itself has set: a sleep until a past instant is over at once.
  await applyDue(live, at);
  if (!run.bug) arm(run);
}

async function applyStart(live: LiveInstance, start: StartInbound, at: number, rejected: boolean): Promise<void> {
  const { image } = live.run;
  const { id, identity, source, event, data, time } = start;
  // A decider receives events, its first one included: their ids are in the ring of signals.
  const isAsync = live.run.definition.kind === 'async';
  const begins = live.run.position === 0;
  // The start gives its name to the run that it begins: only a further start is remembered.
  if (isAsync && !begins) remember(image.starts, identity);
  if (!isAsync && !rejected) rememberSignal(image, entryOf(start), at);
  if (rejected) return live.apply({ type: 'StartRejected', at, id, source });
  if (!begins) {
    if (isAsync) rememberSignal(image, entryOf(start), at);
    return live.apply({ type: 'EventReceived', at, event, id, source, time, data });
  }
  if (start.trace !== undefined) image.trace = start.trace;
  if (start.tags) image.tags = start.tags;
  return live.apply({
    type: 'ProcessStarted',
    at,
    definition: start.definition,
    event,
    id,
    source,
    time,
    ...(start.subject !== undefined && { subject: start.subject }),
    data,
  });
}

function applySignal(live: LiveInstance, signal: SignalInbound, at: number): Promise<void> {
  const { id, event, source, time, data } = signal;
  rememberSignal(live.run.image, entryOf(signal), at);
  return live.apply({ type: 'EventReceived', at, event, id, source, time, data });
}

function entryOf({ identity, time }: SignalInbound | StartInbound): RingEntry {
  return { id: identity, time: Date.parse(time) };
}

function applyReply(live: LiveInstance, reply: ReplyInbound, at: number): Promise<void> {
  const { run } = live;
  const { n, outcome, retryable, attempts } = reply;
  const tombstone = run.image.tombstones.find((each) => each.run === reply.run && each.n === n);
  const command = tombstone ?? run.image.commands.get(n);
  const data = outcome === 'completed' && command ? parsedOutput(run, command.command, reply) : reply.data;
  if (run.bug) return Promise.resolve();
  const fact: RecordedFact = {
    type: 'CommandAnswered',
    at,
    n,
    outcome,
    ...(retryable && { retryable }),
    ...(attempts !== undefined && { attempts }),
    ...(tombstone && { late: lateOf(tombstone) }),
    ...(data !== null && { data }),
  };
  return live.apply(fact);
}

/** The engine parses the output again that the service has parsed. A reply that breaks the contract is not applied. */
function parsedOutput(run: ProcessRun, command: string, reply: ReplyInbound): ReplyInbound['data'] {
  const contract = run.environment.commands.get(command);
  if (!contract) return reply.data;
  try {
    const data = parseVersion(contract.output, reply.dataversion, reply.data, `${command} answered with`);
    assert(data !== NEWER, 'a reply that is newer than the contract is not decided on');
    return data;
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    run.bug = { code: 'REPLY_INVALID', message: withoutValues(error) };
    return null;
  }
}

/**
 * Applies everything that is due at this process time, in order; each is an activation of its own. All timers and commands may be due at
 * once; timers that are set meanwhile and are due already are bounded, as one activation is.
 */
async function applyDue(live: LiveInstance, at: number): Promise<void> {
  const { run } = live;
  const { timers, commands } = run.image;
  let allowed = ACTIVATION_MAX + timers.size + commands.size;
  for (let due = nextDue(run); due && !run.bug && !run.stuck; due = nextDue(run)) {
    allowed -= 1;
    if (allowed < 0) run.bug = { code: 'POISON', message: goesOn(run) };
    else await live.apply({ type: due.timer ? 'TimerFired' : 'AttemptTimedOut', at, n: due.n });
  }
}
