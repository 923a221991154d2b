import type { EndedRun } from '../scenario.ts';

interface Counted {
  readonly heard: readonly string[];
  readonly told: number;
  readonly sent: number;
}

/** Returns the violations of a counter that received these events, some of them twice. */
export const judgeTally = (texts: readonly string[], run: EndedRun): readonly string[] => {
  if (run.status !== 'completed') return run.disturbed ? [] : [`it is ${run.status}, and was expected to count to ${texts.length}`];
  const { heard, told, sent } = run.result as unknown as Counted;
  const wrong: string[] = [];
  const expected = texts.toSorted();
  if (!run.disturbed && heard.join() !== expected.join()) wrong.push(`it counted ${heard.join()}; expected: ${expected.join()}`);
  if (new Set(heard).size !== heard.length) wrong.push(`it counted an event twice: ${heard.join()}`);
  const tells = new Set(run.effects.map(({ commandId }) => commandId)).size;
  if (!run.disturbed && told !== tells) wrong.push(`it received ${told} answers of stock.tell, and ${tells} commands had an effect`);
  if (sent < told || (!run.disturbed && sent !== told)) wrong.push(`it sent ${sent} commands, and received ${told} answers`);
  if (run.effects.length !== tells) wrong.push('a command had its effect twice');
  return wrong;
};
