import { isLike, listed } from '../iam/condition.ts';
import type { Use } from './aws-account.ts';
import type { Role } from './template.ts';

/** The actions, and the resources, of each statement of a role that no call has needed. */
export function unusedRights({ statements }: Role, used: readonly Use[]): readonly string[] {
  return statements.flatMap(({ name, Action, Resource }) => {
    const uses = used.filter(({ statement }) => statement === name);
    const actions = listed(Action).filter((action) => !uses.some((use) => isLike(use.action, action)));
    const resources = listed(Resource).filter((resource) => !uses.some((use) => isLike(use.resource, resource)));
    return [...actions, ...resources].map((unused) => `${unused} of ${name}`);
  });
}
