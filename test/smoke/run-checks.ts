import type { Check, Smoke } from './checks.ts';

export interface Outcome {
  readonly title: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** The reason for a skip or a failure. */
  readonly text?: string;
  readonly seconds: number;
}

/** Runs one check after the other and reports each at its end. A check that fails does not end the others. */
export async function runChecks(
  checks: readonly Check[],
  smoke: Smoke,
  { now, tell }: { readonly now: () => number; readonly tell: (outcome: Outcome) => void },
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const check of checks) {
    const began = now();
    const skipped = skipOf(check, smoke);
    const ended = skipped === undefined ? await run(check, smoke) : ({ status: 'skipped', text: skipped } as const);
    const outcome = { title: check.title, ...ended, seconds: Math.round((now() - began) / 1000) };
    outcomes.push(outcome);
    tell(outcome);
  }
  return outcomes;
}

function skipOf({ process, skip }: Check, smoke: Smoke): string | undefined {
  const { name, processes } = smoke.reach.system;
  if (process !== undefined && !processes.has(process)) return `the system ${name} of this deployment has no process ${process}`;
  return skip?.(smoke);
}

async function run(check: Check, smoke: Smoke): Promise<Pick<Outcome, 'status' | 'text'>> {
  try {
    await check.run(smoke);
    return { status: 'passed' };
  } catch (error) {
    return { status: 'failed', text: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

/** One line, and the error below it. */
export function outcomeText({ title, status, text, seconds }: Outcome): string {
  if (status === 'skipped') return `skipped  ${title}: ${text}`;
  const line = `${status}   ${title} (${seconds} s)`;
  return status === 'failed' ? `${line}\n         ${text?.replaceAll('\n', '\n         ')}` : line;
}
