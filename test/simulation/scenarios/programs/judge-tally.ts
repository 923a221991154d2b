import type { EndedRun } from '../scenario.ts';

interface Counted {
  readonly heard: readonly string[];
  readonly told: number;
  readonly sent: number;
}

/** What is not right with a counter that was told of these events, some of them twice. */
export const judgeTally = (texts: readonly string[], run: EndedRun): readonly string[] => {
  if (run.status !== 'completed') return run.disturbed ? [] : [`it is ${run.status}, and was to count to ${texts.length}`];
  const { heard, told, sent } = run.result as unknown as Counted;
  const wrong: string[] = [];
  const expected = texts.toSorted();
  if (!run.disturbed && heard.join() !== expected.join()) wrong.push(`it heard ${heard.join()}; expected: ${expected.join()}`);
  if (new Set(heard).size !== heard.length) wrong.push(`it heard something twice: ${heard.join()}`);
  const tells = new Set(run.effects.map(({ commandId }) => commandId)).size;
  if (!run.disturbed && told !== tells) wrong.push(`it heard of ${told} tellings, and there were ${tells}`);
  if (sent < told || (!run.disturbed && sent !== told)) wrong.push(`it sent ${sent} tellings, and heard of ${told}`);
  if (run.effects.length !== tells) wrong.push('a telling had its effect twice');
  return wrong;
};
