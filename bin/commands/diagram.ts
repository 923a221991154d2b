import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import type { Instance, Operations } from '../../lib/client/operations/operations.ts';
import { isOrchestratorError } from '../../lib/contract/errors.ts';
import type { Flow } from '../../lib/flow/flow.ts';
import { EXIT, usageError } from '../exit-code.ts';
import { addInstanceOptions, withOperations, type InstanceOptions, type Invocation } from '../invocation.ts';

interface DiagramOptions extends InstanceOptions {
  readonly svg?: true;
  readonly mermaid?: true;
  readonly json?: true;
  readonly check?: true;
  readonly process?: string;
  readonly out?: string;
  readonly of?: string;
}

type Format = 'svg' | 'mermaid' | 'json';

const EXTENSIONS: Readonly<Record<Format, string>> = { svg: 'svg', mermaid: 'mmd', json: 'json' };

export function addDiagramCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('diagram'))
    .description('draw the flow of each process from its source: its steps, branches, loops, waits, undos and ends')
    .argument(
      '[modules...]',
      'modules that define processes; the modules that they import are read too. With --of, not needed for a stored flow',
    )
    .option('--svg', 'a picture for a page or a README')
    .option('--mermaid', 'the text of a Mermaid flowchart (default)')
    .option('--check', 'print what the source does not tell, with its line, and exit 1 if there is any')
    .option('--process <name>', 'only this process')
    .option('--of <id>', 'draw the progress of this instance of the process, from its journal, as a picture')
    .option('--out <dir>', 'folder to write to, one file per process and version; files of the same name are replaced')
    .action(async (modules: string[], options: DiagramOptions) => {
      const format = formatOf(options);
      if (modules.length === 0 && (options.of === undefined || options.process === undefined))
        throw usageError(
          'Expected modules, or an instance with --of ID --process NAME.',
          'Name the module in which process(…) or decider(…) is called.',
        );
      const flows = modules.length === 0 ? [] : await flowsIn(modules, options.process);
      if (options.of !== undefined) await drawInstance(flows, { ...options, of: options.of }, invocation);
      else if (options.check) check(flows, invocation);
      else if (options.out !== undefined) await writeAll(flows, { format, out: options.out }, invocation);
      else if (format === 'svg' && flows.length > 1)
        throw usageError(
          `${modules.join(', ')} define ${flows.length} processes: ${flows.map(titleOf).join(', ')}; one picture has one.`,
          'Name one with --process, or a folder for all with --out.',
        );
      else for (const flow of flows) invocation.terminal.print(...(await textOf(flow, format)).trimEnd().split('\n'));
    });
}

function formatOf({ svg, mermaid, json }: DiagramOptions): Format {
  const chosen = [svg && ('svg' as const), mermaid && ('mermaid' as const), json && ('json' as const)].filter((each) => each !== undefined);
  if (chosen.length > 1) throw usageError(`--${chosen.join(' and --')} exclude each other.`, 'Choose one format.');
  return chosen[0] ?? 'mermaid';
}

async function flowsIn(modules: readonly string[], process: string | undefined): Promise<readonly Flow[]> {
  const [{ loadModule, moduleFile }, { flowsOf }] = await Promise.all([import('../load-modules.ts'), import('../../lib/flow/flows.ts')]);
  const flows = await flowsOf(modules.map(moduleFile), loadModule);
  const chosen = process === undefined ? flows : flows.filter((flow) => flow.process === process);
  if (chosen.length > 0) return chosen;
  throw usageError(
    process === undefined
      ? `No process is defined by ${modules.join(', ')}, nor by the modules that they import.`
      : `No process ${process} is defined by ${modules.join(', ')}: expected one of ${flows.map((flow) => flow.process).join(', ')}.`,
    'Name the module in which process(…) or decider(…) is called.',
  );
}

/** Prints the picture of the last run of an instance: of the code that began it if that is stored, else of the modules. */
async function drawInstance(
  flows: readonly Flow[],
  options: DiagramOptions & { readonly of: string },
  invocation: Invocation,
): Promise<void> {
  const names = options.process === undefined ? [...new Set(flows.map((flow) => flow.process))] : [options.process];
  const [process, ...others] = names;
  if (process === undefined || others.length > 0)
    throw usageError(`${options.of} may be an instance of ${names.join(' or ')}.`, 'Name the process with --process.');
  const [{ layOut }, { progressOf }, { svgOf }, { walk }] = await Promise.all([
    import('../../lib/flow/layout.ts'),
    import('../../lib/flow/progress.ts'),
    import('../../lib/flow/svg.ts'),
    import('../../lib/flow/walk.ts'),
  ]);
  await withOperations(invocation, options, async (operations) => {
    const answer = await operations.journal({ process, id: options.of, payloads: true, from: 0 });
    const entries = answer.entries as unknown as readonly JournalEntry[];
    const started = entries.find((entry) => entry.type === 'ProcessStarted');
    const own = flows.find((each) => titleOf(each) === started?.definition);
    const flow =
      own && (started?.code === undefined || started.code === own.code)
        ? own
        : await storedOr(operations, { process, id: options.of }, own);
    if (!flow)
      throw usageError(
        `${process} ${options.of} runs on ${started?.definition}, which the modules do not define: expected ${flows.map(titleOf).join(' or ')}.`,
        'Name the modules of the build that runs it.',
      );
    const svg = svgOf(await layOut(flow), progressOf(flow, entries, walk(flow, entries)));
    invocation.terminal.print(...svg.split('\n'));
    invocation.terminal.message(answer.why);
  });
}

/** The stored flow of an instance; `own` if none is stored. Without `own`, `NOT_FOUND` says how flows come to be stored. */
async function storedOr(operations: Operations, instance: Instance, own: Flow | undefined): Promise<Flow | undefined> {
  try {
    return (await operations.flow(instance)).flow;
  } catch (error) {
    if (own !== undefined && isOrchestratorError(error) && error.code === 'NOT_FOUND') return own;
    throw error;
  }
}

/** Prints the names and functions that the source does not tell. */
function check(flows: readonly Flow[], invocation: Invocation): void {
  for (const flow of flows) for (const what of flow.unresolved) invocation.terminal.print(`${titleOf(flow)}: ${what}`);
  const incomplete = flows.filter(({ unresolved }) => unresolved.length > 0);
  invocation.terminal.message(`${flows.length - incomplete.length} of ${flows.length} diagrams are complete.`);
  if (incomplete.length > 0) invocation.exitCode = EXIT.bad;
}

async function writeAll(
  flows: readonly Flow[],
  { format, out }: { readonly format: Format; readonly out: string },
  { terminal }: Invocation,
): Promise<void> {
  mkdirSync(out, { recursive: true });
  for (const flow of flows) {
    const file = join(out, `${titleOf(flow)}.${EXTENSIONS[format]}`);
    writeFileSync(file, await textOf(flow, format));
    terminal.print(file);
  }
}

async function textOf(flow: Flow, format: Format): Promise<string> {
  if (format === 'json') return `${JSON.stringify(flow)}\n`;
  if (format === 'mermaid') return (await import('../../lib/flow/mermaid.ts')).mermaidOf(flow);
  const [{ layOut }, { svgOf }] = await Promise.all([import('../../lib/flow/layout.ts'), import('../../lib/flow/svg.ts')]);
  return `${svgOf(await layOut(flow))}\n`;
}

function titleOf({ process, version }: Flow): string {
  return `${process}@${version}`;
}
