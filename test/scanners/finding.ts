/** A finding of a scanner about one resource. */
export interface Finding {
  readonly tool: 'cfn-lint' | 'checkov' | 'cdk-nag';
  readonly rule: string;
  /** The path of the resource in the tree of constructs. */
  readonly at: string;
}

/** Findings of one rule that stay. */
export interface AcceptedFinding {
  readonly tool: Finding['tool'];
  readonly rule: string;
  /** Paths of resources, where `*` is any text. Each names at least one finding. */
  readonly at: readonly string[];
  readonly reason: string;
}

/** The findings that are not accepted, and the accepted ones that are no longer reported, as lines that say what to do. */
export function differences(found: readonly Finding[], accepted: readonly AcceptedFinding[]): readonly string[] {
  const covers = (entry: AcceptedFinding, path: string, { tool, rule, at }: Finding): boolean =>
    entry.tool === tool && entry.rule === rule && matches(at, path);
  const open = found.filter((finding) => !accepted.some((entry) => entry.at.some((path) => covers(entry, path, finding))));
  const gone = accepted.flatMap((entry) =>
    entry.at
      .filter((path) => !found.some((finding) => covers(entry, path, finding)))
      .map((path) => `${entry.tool} ${entry.rule} at ${path}`),
  );
  return [
    ...open.map(({ tool, rule, at }) => `${tool} ${rule} at ${at}: correct it, or accept it with a reason in accepted-findings.ts`),
    ...gone.map((which) => `${which} is accepted and was not found: remove it from accepted-findings.ts`),
  ];
}

function matches(path: string, pattern: string): boolean {
  return new RegExp(`^${pattern.replaceAll(/[.+^${}()|[\]\\?]/g, '\\$&').replaceAll('*', '.*')}$`).test(path);
}
