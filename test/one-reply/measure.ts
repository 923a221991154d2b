/**
 * Prints as JSON the files of lib that one cold reply runs through: V8 counts the calls of each function. The calls of the ports part the
 * reply into phases.
 */
import { type Profiler, Session } from 'node:inspector';
import { sep } from 'node:path';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../../lib/adapters/memory/message-sender.ts';
import { MemoryProcessStore } from '../../lib/adapters/memory/process-store.ts';
import { flights, services, tripOf, Checkout } from '../core/trip-contracts.ts';
import { EngineRig } from '../engine/engine-rig.ts';

const rig = new EngineRig(
  [
    tripOf(async (ctx) => {
      await ctx.call(flights.book, { to: 'LIS' });
      await ctx.call(flights.book, { to: 'FRA' });
    }),
  ],
  services,
);
rig.happens(Checkout, { id: 'a' });
await rig.advance();
const [command] = await rig.commands('flights');
await rig.answers(command!, 'completed', { reference: 'F1' });
rig.engine.forget();

const session = new Session();
session.connect();
const phases: string[][] = [];

/** Ends a phase and sets the counts to zero. The session is of the same thread, so the answer comes before `post` returns. */
function endPhase(): void {
  session.post('Profiler.takePreciseCoverage', (error, coverage) => {
    if (error) throw error;
    phases.push(coverage.result.flatMap(fileOf));
  });
}

/** Files of the tests: a machine has its own clock, and the host builds the engine. */
const OF_TESTS = /^lib\/(?:testing\/|adapters\/memory\/virtual-clock\.ts$)/;

function fileOf({ url, functions }: Profiler.ScriptCoverage): string[] {
  const path = /[/\\]lib[/\\].*\.ts$/.exec(url)?.[0].slice(1).split(sep).join('/');
  // The function at offset 0 is the module itself, which ran when it was loaded.
  const ran = functions.some(({ ranges }) => ranges[0]!.startOffset > 0 && ranges[0]!.count > 0);
  return path !== undefined && ran && !OF_TESTS.test(path) ? [path] : [];
}

function endsPhase<K extends string>(target: { [key in K]: (...args: never[]) => unknown }, method: K): void {
  const original = target[method];
  target[method] = function (this: unknown, ...args: never[]) {
    endPhase();
    return original.apply(this, args);
  };
}
endsPhase(MemoryProcessStore.prototype, 'load');
endsPhase(MemoryProcessStore.prototype, 'commit');
endsPhase(MemoryMessageSender.prototype, 'send');
endsPhase(MemoryMessageQueue.prototype, 'delete');

session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
session.post('Profiler.takePreciseCoverage');
await rig.batch();
endPhase();
const ofReply = [...phases];
process.stdout.write(JSON.stringify({ phases: ofReply, sent: (await rig.commands('flights')).length }));
