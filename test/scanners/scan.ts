import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Finding } from './finding.ts';

const STACKS = ['TravelBooking', 'OrderFulfilment'];
const OUTPUT_BYTES_MAX = 100 * 1024 * 1024;

/** Synthesizes the two examples without their code, and runs cdk-nag, cfn-lint and checkov. `tools`: the folder of the latter two. */
export async function scan(tools: string): Promise<readonly Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-scan-'));
  try {
    const ofNag = await nagFindings(folder);
    const pathOf = constructPaths(folder);
    const ofTools = await Promise.all([cfnLintFindings(tools, folder, pathOf), checkovFindings(tools, folder, pathOf)]);
    return [...ofNag, ...ofTools.flat()];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface NagReport {
  readonly pluginReports: readonly {
    readonly violations: readonly {
      readonly ruleName: string;
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
  }[];
}

async function nagFindings(outdir: string): Promise<readonly Finding[]> {
  const program = fileURLToPath(new URL('scanned-app.ts', import.meta.url));
  const options = ['--conditions=source', '--import', 'tsx', program, outdir];
  const run = promisify(execFile)(process.execPath, options, { maxBuffer: OUTPUT_BYTES_MAX });
  const { stderr } = await run.catch((error: unknown) => error as { readonly stderr: string });
  if (!existsSync(join(outdir, 'validation-report.json'))) throw new TypeError(`The templates could not be made: ${stderr}`);
  const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as NagReport;
  return report.pluginReports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }): Finding => ({ tool: 'cdk-nag', rule: ruleName, at: constructPath })),
    ),
  );
}

type PathOf = (stack: string, logicalId: string) => string;

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Metadata?: Readonly<Record<string, string>> }>>;
}

/** The tools name resources by their logical ids, which are less to read. */
function constructPaths(folder: string): PathOf {
  const templates = new Map(
    STACKS.map((stack) => [stack, JSON.parse(readFileSync(join(folder, `${stack}.template.json`), 'utf8')) as Template]),
  );
  return (stack, id) => templates.get(stack)?.Resources[id]?.Metadata?.['aws:cdk:path'] ?? `${stack}/${id}`;
}

interface LintMatch {
  readonly Filename: string;
  readonly Rule: { readonly Id: string };
  readonly Location: { readonly Path?: readonly (string | number)[] };
}

async function cfnLintFindings(tools: string, folder: string, pathOf: PathOf): Promise<readonly Finding[]> {
  const matches = (await output(tools, 'cfn-lint', folder, ['--format', 'json', ...templateFiles()])) as readonly LintMatch[];
  return matches.map(({ Filename, Rule, Location: { Path = [] } }) => ({
    tool: 'cfn-lint',
    rule: Rule.Id,
    at: pathOf(stackOf(Filename), String(Path[1])),
  }));
}

interface CheckovReport {
  readonly results: {
    readonly failed_checks: readonly { readonly check_id: string; readonly file_path: string; readonly resource: string }[];
  };
}

async function checkovFindings(tools: string, folder: string, pathOf: PathOf): Promise<readonly Finding[]> {
  const files = templateFiles().flatMap((file) => ['--file', file]);
  const options = ['--framework', 'cloudformation', '--output', 'json', '--quiet', '--compact', '--skip-download'];
  const { results } = (await output(tools, 'checkov', folder, [...files, ...options])) as CheckovReport;
  return results.failed_checks.map(({ check_id: rule, file_path: file, resource }) => ({
    tool: 'checkov',
    rule,
    at: pathOf(stackOf(file), resource.split('.').at(-1) as string),
  }));
}

const templateFiles = (): readonly string[] => STACKS.map((stack) => `${stack}.template.json`);

const stackOf = (file: string): string => file.replace(/^.*\//, '').replace('.template.json', '');

/** Both tools exit with a status other than 0 if they have findings. */
async function output(tools: string, tool: string, cwd: string, options: readonly string[]): Promise<unknown> {
  const run = promisify(execFile)(join(tools, tool), options, { cwd, maxBuffer: OUTPUT_BYTES_MAX });
  const { stdout, stderr } = await run.catch((error: unknown) => error as { readonly stdout?: string; readonly stderr?: string });
  try {
    return JSON.parse(stdout ?? '');
  } catch {
    throw new TypeError(`${tool} has answered no JSON: ${stderr ?? ''}`);
  }
}
