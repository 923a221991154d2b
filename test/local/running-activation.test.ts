import { expect, test } from 'vitest';
import { begunIn, pidIn, runningIn, RunningActivation, sharedActivation } from '../../lib/local/running-activation.ts';

const A = 'default#job#a';
const B = 'default#job#b';

const observed = () => {
  const shared = sharedActivation();
  return { shared, observer: new RunningActivation(shared) };
};

test('an activation is named from its begin to its end', () => {
  const { shared, observer } = observed();
  expect([pidIn(shared), runningIn(shared)]).toEqual([undefined, 0]);
  observer.begun(A);
  expect([pidIn(shared), runningIn(shared)]).toEqual([A, 1]);
  observer.yielded();
  expect([pidIn(shared), runningIn(shared)]).toEqual([A, 1]);
  observer.ended(A);
  expect([pidIn(shared), runningIn(shared)]).toEqual([undefined, 0]);
});

test('of several open activations one is named only until it yields', () => {
  const { shared, observer } = observed();
  observer.begun(A);
  observer.yielded();
  observer.begun(B);
  expect(pidIn(shared)).toBe(B);
  observer.yielded();
  expect(pidIn(shared)).toBeUndefined();
});

test('the last open activation is named again, under the number that it began with', () => {
  const { shared, observer } = observed();
  for (const pid of [A, B]) {
    observer.begun(pid);
    observer.yielded();
  }
  observer.ended(B);
  expect([pidIn(shared), runningIn(shared), begunIn(shared)]).toEqual([A, 1, 2]);
});

test('a pid in many bytes is named whole', () => {
  const { shared, observer } = observed();
  const pid = `default#job#${'語'.repeat(200)}`;
  observer.begun(pid);
  expect(pidIn(shared)).toBe(pid);
});
