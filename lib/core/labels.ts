import { jsonFault } from '../contract/wire/json.ts';
import { refuse } from './bug.ts';
import { nextPath, ordinalOf, type ProcessRun, type Scope } from './run.ts';

/**
 * The path of a part that the process names itself. `/` and `:` join paths and count, so they are escaped in a label, as `%` is. Releases
 * did not escape them: a part that was recorded so keeps its path.
 */
export const labelledPath = (run: ProcessRun, scope: Scope, label: string, type: 'ScopeOpened' | 'CompensationRegistered'): string => {
  if (!run.expected) checkLabel(run, label);
  const escaped = label.replaceAll(/[%/:]/g, encodeURIComponent);
  const recorded = (name: string): boolean => run.expected?.recorded(type, `${scope.path}${name}:${ordinalOf(scope, name)}`) !== undefined;
  return nextPath(scope, escaped !== label && !recorded(escaped) && recorded(label) ? label : escaped);
};

const checkLabel = (run: ProcessRun, label: unknown): void => {
  const fault = typeof label === 'string' ? jsonFault(label) : 'it is no text';
  if (fault !== undefined) refuse(run, 'POISON', `${run.definition.name} named a part ${JSON.stringify(label) ?? typeof label}: ${fault}.`);
};
