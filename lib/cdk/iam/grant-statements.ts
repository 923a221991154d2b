import { Grant, type GrantOnPrincipalOptions, type IGrantable, type PolicyStatement } from 'aws-cdk-lib/aws-iam';

/** Adds statements to a grantee, all or, where it is imported as unchangeable, none: CDK tells of it. */
export function grantStatements(grantee: IGrantable, statements: readonly PolicyStatement[]): Grant {
  const grants = statements.map((statement) => {
    const conditions = statement.conditions as GrantOnPrincipalOptions['conditions'];
    const allowed = { grantee, actions: statement.actions, resourceArns: statement.resources };
    return Grant.addToPrincipal(conditions && Object.keys(conditions).length > 0 ? { ...allowed, conditions } : allowed);
  });
  const [first = Grant.drop(grantee, 'nothing to allow'), ...others] = grants;
  return others.reduce((all, grant) => all.combine(grant), first);
}
