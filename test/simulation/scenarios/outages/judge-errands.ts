import { milliseconds } from '../../../../lib/contract/duration.ts';
import type { JournalEntry } from '../../../../lib/core/journal-entry.ts';
import type { EndedRun } from '../scenario.ts';
import type { Errand, Said, Terms, Verb } from './outages-system.ts';
import type { EffectClass, Outage } from './provider.ts';

/** The errands of one instance, and the policies, outage and effect class under which it runs them. */
export interface Plan {
  readonly errands: readonly Errand[];
  readonly fails: boolean;
  readonly terms: Readonly<Record<Verb | 'back', Terms>>;
  readonly outage: Outage;
  readonly effect: EffectClass;
}

type Issued = Extract<JournalEntry, { type: 'CommandIssued' }>;
type Answered = Extract<JournalEntry, { type: 'CommandAnswered' }>;

/** The tolerance for wrong clocks of workers, and for a message that waits in a queue. */
const SLACK_MS = 3 * 3_600_000;
const THREE_DAYS_MS = 3 * 24 * 3_600_000;

/** Returns the violations in the end of one instance and its errands. */
export const judgeErrands = (plan: Plan, run: EndedRun): string[] => {
  const { entries } = run;
  const issued = entries.filter((entry): entry is Issued => entry.type === 'CommandIssued');
  const answersOf = (n: number): readonly Answered[] =>
    entries.filter((entry): entry is Answered => entry.type === 'CommandAnswered' && entry.n === n && !entry.late);
  const wrong: string[] = [];
  if (run.status === 'running') wrong.push('it is still running');
  if (run.status === 'stuck') wrong.push(...stuckProblems(plan, run, issued, answersOf));
  for (const [i, said] of saidOf(run).entries()) wrong.push(...saidProblems(plan, run, plan.errands[i]!, said, issued));
  if (run.status === 'completed' && plan.fails) wrong.push('it completed, and was expected to fail');
  return wrong;
};

const saidOf = ({ result }: EndedRun): readonly Said[] => (result as { readonly said?: readonly Said[] } | undefined)?.said ?? [];

const verbOf = (entry: Issued): string => entry.command.slice('provider.'.length);

/** Whether the policy outlasts the outage, so that a command completes when the provider is up again. */
const outlasts = ({ outage }: Plan, { attempts, within }: Terms): boolean => {
  const withinMs = within === undefined ? THREE_DAYS_MS : milliseconds(within);
  return attempts === undefined && withinMs > outage.toMs + SLACK_MS;
};

/** Only an unknown outcome may make an instance stuck: that of an undo, or of `first`, which has an undo and no `onUnknown`. */
const stuckProblems = (plan: Plan, run: EndedRun, issued: readonly Issued[], answersOf: (n: number) => readonly Answered[]): string[] => {
  if (run.disturbed) return [];
  const mayBeStuck = issued.some((entry) => {
    if (!answersOf(entry.n).some(({ outcome }) => outcome === 'unknown')) return false;
    if (entry.undoes !== undefined) return true;
    return verbOf(entry) === 'first' && (plan.effect === 'once' || !outlasts(plan, plan.terms.first));
  });
  return mayBeStuck ? [] : ['it is stuck, though no command of it has an unknown outcome that needs an operator'];
};

const saidProblems = (plan: Plan, run: EndedRun, errand: Errand, said: Said, issued: readonly Issued[]): string[] => {
  const { label, verb } = errand;
  const own = issued.filter((entry) => entry.undoes === undefined && verbOf(entry) === verb);
  const has = run.effects.some(({ undoes, input }) => undoes === undefined && (input as { label: string }).label === label);
  const stands = run.standing.some(({ undoes, input }) => undoes === undefined && (input as { label: string }).label === label);
  const wrong: string[] = [];
  if (own.length === 0) return [`${label} has an outcome, but was never issued`];
  if (said === 'ok' && !has) wrong.push(`I10: ${label} is ok, but has no effect`);
  if (said === 'late' && stands && verb !== 'third' && !errand.stands && !isOpen(run, issued))
    wrong.push(`I10: ${label} has lost its race, but its effect stands`);
  const [, outcome] = said.split(':');
  if (outcome === 'failed' && has) wrong.push(`I10: ${label} was exhausted with the outcome failed, but has an effect`);
  if (outcome === 'unknown' && verb === 'first' && !errand.stands)
    wrong.push(`${label} is exhausted with an unknown outcome, which needs an operator`);
  const patient = plan.effect !== 'once' && outlasts(plan, plan.terms[verb]) && !run.disturbed;
  if (outcome !== undefined && patient) wrong.push(`${label} is ${said}, though its policy outlasts the outage`);
  return wrong;
};

/** Whether the outcome of a command is not known yet. It is listed as unresolved then, and its effect may stand. */
const isOpen = ({ entries, pid, run, effects }: EndedRun, issued: readonly Issued[]): boolean =>
  issued.some(({ n, undoes }) => {
    if (undoes !== undefined) return false;
    const answers = entries.filter((entry) => entry.type === 'CommandAnswered' && entry.n === n) as readonly Answered[];
    const known = answers.some(({ outcome }) => outcome !== 'unknown' && outcome !== 'deferred');
    return !known && effects.some(({ commandId }) => commandId === `${pid}/${run}/${n}`);
  });
