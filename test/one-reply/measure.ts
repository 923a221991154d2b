/** Prints as JSON the files of lib that one cold reply runs through: V8 counts the calls of each function. */
import { Session } from 'node:inspector/promises';
import { sep } from 'node:path';
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
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
await session.post('Profiler.takePreciseCoverage');
await rig.batch();
const { result } = await session.post('Profiler.takePreciseCoverage');

const files = new Set<string>();
for (const { url, functions } of result) {
  const path = /[/\\]lib[/\\].*\.ts$/.exec(url)?.[0].slice(1).split(sep).join('/');
  // The function at offset 0 is the module itself, which ran when it was loaded.
  if (path !== undefined && functions.some(({ ranges }) => ranges[0]!.startOffset > 0 && ranges[0]!.count > 0)) files.add(path);
}
process.stdout.write(JSON.stringify({ files: [...files].toSorted(), sent: (await rig.commands('flights')).length }));
