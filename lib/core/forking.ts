import type { Json } from '../contract/schema.ts';
import { terminate } from './ending.ts';
import { issueEngineCommand } from './engine-commands.ts';
import type { Image } from './image.ts';
import { fullHash, offload, sendingAgain, SHORT_HASH_LENGTH } from './journal.ts';
import type { RecordedFact } from './journal-entry.ts';
import { unpause, sendWithNewLimits } from './resuming.ts';
import type { CallStep, ProcessRun } from './run.ts';
import { subscribe } from './subscriptions.ts';
import { clearTimer } from './timers.ts';

/**
 * A fork goes on from a prefix of the journal of another instance, its original, under an id of its own (docs/protocol.md#forks). Input: the
 * request of an operator at the original, and the engine command `tutti.fork` at the fork. Output: the end of an open original, and the run
 * of the fork.
 *
 * K1 The prefix ends where an activation ends. Its completed steps pass from the original to the fork: at any time one of them may undo them.
 * K2 The code of the fork sees the names of the original in the prefix, so it makes the same values again. From the fact `Forked` on, new
 *    random values and new commands have the names of the fork. `ctx.id` stays that of the original.
 * K3 Calls that were open at the end of the prefix are commands of the fork: sent under new ids, or answered by the adopted reply.
 * K4 Commands of `ctx.send`, detached steps and published events of the prefix stay with the original.
 * K5 Nothing is undone on a guess: for each success after the prefix the operator says whether it is adopted, undone or left.
 */
export const FORK = 'tutti.fork';

/** Forks that a head lists. */
const FORKS_MAX = 20;

/** Applies the request at the original: it ends, if it is open, and the command to the fork is issued. */
export function requestFork(run: ProcessRun, fact: Extract<RecordedFact, { type: 'ForkRequested' }>): void {
  const { to, id, data = null, supersedes } = fact;
  if (supersedes && !run.ended) terminate(run, `superseded by its fork ${to.slice(to.lastIndexOf('#') + 1)}`);
  const path = `fork/${id}`;
  run.image.forks = [...(run.image.forks ?? []).slice(1 - FORKS_MAX), to];
  issueEngineCommand(run, { name: FORK, owner: to, path, input: sendingAgain(run, 'CommandIssued', path, { data }), mode: 'call' });
}

/** A fork whose id another instance has does not exist. */
export function forkReplied(
  { image }: ProcessRun,
  { n, outcome }: Pick<Extract<RecordedFact, { type: 'CommandAnswered' }>, 'n' | 'outcome'>,
): void {
  const command = image.commands.get(n);
  if (command?.command !== FORK || outcome === 'completed') return;
  const left = (image.forks as readonly string[]).filter((pid) => pid !== command.owner);
  image.forks = left.length > 0 ? left : undefined;
}

/** Whether a closed head still waits for the reply of a fork: until then no other run may begin. */
export function awaitsFork({ commands }: Image): boolean {
  for (const { command } of commands.values()) if (command === FORK) return true;
  return false;
}

/** Applies the cut at the fork, after the replay of the prefix. */
export function goOn(run: ProcessRun, fact: Extract<RecordedFact, { type: 'Forked' }>): void {
  const { image } = run;
  run.origin = fact.origin;
  leaveToOriginal(run);
  unpause(run, fact.pausedMs ?? 0);
  if (fact.edited !== undefined) edit(run, fact.edited, fact.data as Json, fact.dataversion);
  for (const command of image.commands.values()) {
    // The fork adopts the reply of an open child.
    if (command.owner !== undefined) continue;
    command.inputRef = run.expected ? undefined : offload(run, command.input);
    sendWithNewLimits(run, command);
  }
  subscribeAnew(run);
}

/** Commands that no step awaits, and undos of late successes, belong to the original alone (K4). */
function leaveToOriginal(run: ProcessRun): void {
  const { image, steps } = run;
  image.tombstones = [];
  for (const [n, command] of image.commands)
    if (command.mode === 'send' || command.detached) {
      image.commands.delete(n);
      steps.delete(n);
    }
  for (const n of image.resends.keys()) clearTimer(run, n);
  image.resends.clear();
  for (const [n, step] of steps)
    if (step.kind === 'call' && step.detached) {
      clearTimer(run, n);
      steps.delete(n);
    }
}

function edit(run: ProcessRun, n: number, input: Json, version: number | undefined): void {
  const command = run.image.commands.get(n);
  if (!command) return;
  const wireHash = fullHash(run, input);
  run.image.commands.set(n, { ...command, input, version, wireHash, hash: wireHash.slice(0, SHORT_HASH_LENGTH) });
  (run.steps.get(n) as CallStep).sent = { data: input, version };
}

/** The subscriptions of the prefix are those of the original. */
function subscribeAnew(run: ProcessRun): void {
  const held = run.keys ?? [];
  run.keys = undefined;
  for (const name of held) {
    const [event = ''] = name.split(' ', 1);
    const key = name.slice(event.length + 1);
    for (const { deliver } of run.definition.receives.filter(({ event: { type }, by }) => type === event && by === 'key'))
      subscribe(run, `fork/${name}`, { process: run.definition.name, event, key }, deliver);
  }
}
