export type { CrashPoint } from './crash-point.ts';
export { everyCrash } from './every-crash.ts';
export {
  answers,
  calls,
  completes,
  continues,
  fails,
  isStuck,
  nothing,
  publishes,
  sleeps,
  starts,
  undoes,
  waits,
  type Expectation,
} from './expectation.ts';
export { answered, cancelRequested, ended, happened, passed, silent, type Fact } from './fact.ts';
export { given, type Given } from './given.ts';
export { recordJournal, replayFixtures, replayJournal, type JournalFixture } from './journal-fixture.ts';
export { scripted } from './scripted.ts';
export { simulate } from './simulate.ts';
export type { SimulateOptions, World } from './world.ts';
