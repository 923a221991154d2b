export { calls, completes, fails, isStuck, nothing, publishes, sleeps, undoes, waits, type Expectation } from './expectation.ts';
export { answered, cancelRequested, happened, passed, silent, type Fact } from './fact.ts';
export { given, type Given } from './given.ts';
