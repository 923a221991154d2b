import { serve, type Served } from 'tutti/service';
import type { Choices } from '../../world/choices.ts';
import type { Act, EndedRun, Expectation, Scenario, Site } from '../scenario.ts';
import { CHAPTERS, printer, revisions } from './revisions-system.ts';

const MINUTE_MS = 60_000;
const DEPLOYS_WITHIN_MS = 30 * MINUTE_MS;

/**
 * Deploys while instances run: a build that changed the code of a version, a rollback to a build that does not know the newest version, and
 * a build that fixes both, and a build that adds messages to open runs. Operators also resume before the fix, and
 * move instances to other versions.
 */
export const revisionsScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  const end = choices.between(10 * MINUTE_MS, DEPLOYS_WITHIN_MS);
  for (let build = 1; build < revisions.length; build += 1) acts.push({ kind: 'deploy', atMs: choices.below(end) });
  for (let count = choices.between(1, 6), i = 1; i <= count; i += 1) {
    const id = `b${i}`;
    const pid = `default#book#${id}`;
    const begun = { kind: 'publish', source: 'press', type: 'press.begun', id: `${id}-begun`, data: { id } } as const;
    acts.push({ ...begun, atMs: choices.below(end) });
    if (choices.chance(0.3)) acts.push({ ...begun, atMs: choices.below(2 * end) });
    const operated: Expectation['operated'][number][] = [];
    for (let resumes = choices.below(4); resumes > 0; resumes -= 1) {
      operated.push('resume');
      acts.push({ kind: 'operate', atMs: choices.below(2 * end), pid, opid: `${id}-resume-${resumes}`, act: 'resume' });
    }
    for (let moves = choices.below(3); moves > 0; moves -= 1) {
      operated.push('move');
      const version = choices.between(1, 3);
      acts.push({ kind: 'operate', atMs: choices.below(2 * end), pid, opid: `${id}-move-${moves}`, act: 'move', version });
    }
    expectations.set(pid, { starts: [`${id}-begun`], events: [], operated, judge });
  }
  return { name: 'revisions', builds: revisions, serve: served, acts, expectations };
};

/** No deploy makes an instance fail. It prints the chapters of its version, in order, each once. */
const judge = ({ pid, run, status, entries, effects }: EndedRun): string[] => {
  const [begun] = entries;
  const moved = entries.findLast((entry) => entry.type === 'Moved');
  const definition = moved?.definition ?? (begun?.type === 'ProcessStarted' ? begun.definition : '');
  const chapters: readonly string[] = definition in CHAPTERS ? CHAPTERS[definition as keyof typeof CHAPTERS] : [];
  const wrong = effects
    .filter(({ command }) => command === 'printer.burn')
    .map(({ commandId, command }) => `I9: ${commandId} (${command}) was done`);
  const printed = effects.flatMap(({ command, input }) => (command === 'printer.print' ? [(input as { chapter: string }).chapter] : []));
  if (printed.some((chapter, i) => chapter !== chapters[i]))
    wrong.push(`I9: ${pid}/${run}, of ${definition}, has printed ${printed.join(', ')}`);
  // A replay does not announce the chapters of earlier builds, and each chapter is announced once.
  const announced = effects.flatMap(({ command, input }) =>
    command === 'printer.announce' ? [(input as { chapter: string }).chapter] : [],
  );
  if (new Set(announced).size !== announced.length) wrong.push(`I2: ${pid}/${run} has announced ${announced.join(', ')}`);
  const proofread = effects.flatMap(({ command, input }) =>
    command === 'printer.proofread' ? [(input as { chapter: string }).chapter] : [],
  );
  if (proofread.some((chapter, i) => chapter !== chapters[i]))
    wrong.push(`I9: ${pid}/${run} took the change after the first chapter: ${proofread.join(', ')} are proofread`);
  if (status === 'completed' && proofread.length > 0 && proofread.length !== chapters.length)
    wrong.push(`I9: ${pid}/${run} took the change, and only ${proofread.join(', ')} are proofread`);
  const sent = entries.flatMap((entry) => (entry.type === 'CommandIssued' && entry.mode === 'send' ? [entry.n] : []));
  if (announced.length > sent.length)
    wrong.push(`I1: ${pid}/${run} has announced ${announced.length} chapters and journaled ${sent.length}`);
  if (status === 'completed' && printed.length !== chapters.length) wrong.push(`I2: ${pid}/${run} has only printed ${printed.join(', ')}`);
  // A command that spent days in the dead-letter queue is given up: its answer has the outcome `cancelled`, or no answer came in time.
  const isGivenUp = entries.some(
    (entry) => (entry.type === 'CommandAnswered' && entry.outcome === 'cancelled') || entry.type === 'CommandGivenUp',
  );
  if (status === 'cancelled' || (status === 'failed' && !isGivenUp))
    wrong.push(`I9: ${pid}/${run} is ${status}, and no deploy may end an instance`);
  return wrong;
};

const served = (site: Site): readonly Served[] => {
  const does = async (commandId: string, command: string, input: { readonly id: string; readonly chapter?: string }): Promise<void> => {
    await site.pass();
    site.effect({ commandId, command, input: { ...input } });
    await site.pass();
  };
  return [
    serve(printer, {
      print: async (chapter, { commandId }) => does(commandId, 'printer.print', chapter),
      proofread: async (chapter, { commandId }) => does(commandId, 'printer.proofread', chapter),
      announce: async (chapter, { commandId }) => does(commandId, 'printer.announce', chapter),
      burn: async (draft, { commandId }) => does(commandId, 'printer.burn', draft),
    }),
  ];
};
