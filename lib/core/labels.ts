import { jsonFault } from '../contract/wire/json.ts';
import { refuse } from './bug.ts';
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

function checkLabel(run: ProcessRun, label: unknown): void {
  const fault = typeof label === 'string' ? jsonFault(label) : 'it is not a string';
  if (fault !== undefined)
    refuse(
      run,
      'POISON',
      `${run.definition.name} labelled a scope, a compensation or a step ${JSON.stringify(label) ?? typeof label}: ${fault}.`,
    );
}
