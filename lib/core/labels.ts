import { jsonFault } from '../contract/wire/json.ts';
import { refuse } from './bug.ts';
import { journal } from './journal.ts';
import { nextPath, ordinalOf, type ProcessRun, type Scope } from './run.ts';

/**
 * The path of a scope, compensation or step of `ctx.run` that the process labels. `/` and `:` separate the parts of a path, so they are escaped in a label,
 * as `%` is. Earlier releases did not escape them: a recorded path stays as it is.
 */
export function labelledPath(run: ProcessRun, scope: Scope, label: string, type: LabelledType): string {
  if (!run.expected) checkLabel(run, label);
  const escaped = label.replaceAll(/[%/:]/g, encodeURIComponent);
  const recorded = (name: string): boolean => run.expected?.recorded(type, `${scope.path}${name}:${ordinalOf(scope, name)}`) !== undefined;
  return nextPath(scope, escaped !== label && !recorded(escaped) && recorded(label) ? label : escaped);
}

type LabelledType = 'ScopeOpened' | 'CompensationRegistered' | 'CommandIssued';

/**
 * `ctx.patched`: whether the run takes a change of the code. Live it does, and journals that at the first call. In a replay the journal
 * answers: a run that was past the call before the change came never takes it. Each call of a run returns what the first one returned.
 */
export function takesChange(run: ProcessRun, change: string): boolean {
  const known = run.changes?.get(change);
  if (known !== undefined) return known;
  if (!run.expected) checkLabel(run, change);
  const taken = !run.expected || run.expected.recorded('ChangeTaken', change) !== undefined;
  run.changes ??= new Map();
  run.changes.set(change, taken);
  if (taken) journal(run, { type: 'ChangeTaken', path: change });
  return taken;
}

function checkLabel(run: ProcessRun, label: unknown): void {
  const fault = typeof label === 'string' ? jsonFault(label) : 'it is not a string';
  if (fault !== undefined)
    refuse(
      run,
      'POISON',
      `${run.definition.name} labelled a scope, a compensation, a step or a change ${JSON.stringify(label) ?? typeof label}: ${fault}.`,
    );
}
