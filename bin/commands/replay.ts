import { InvalidArgumentError, type Command } from 'commander';
import { buildPid, DEFAULT_TENANT } from '../../lib/contract/wire/process-id.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { countArgument, portArgument } from '../arguments.ts';
import { addInstanceOptions, withOperations, type InstanceOptions, type Invocation } from '../invocation.ts';
import { usageError } from '../exit-code.ts';

interface ReplayCommandOptions extends InstanceOptions {
  readonly journals?: string;
  readonly open?: true;
  readonly accept?: readonly string[];
  readonly debug?: readonly string[];
  readonly at?: number;
  readonly run?: number;
  readonly port?: number;
}

export function addReplayCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('replay'))
    .usage('[options] --journals <dir> | --open <module...>\n       tutti replay [options] <module...> --debug <process> <id>')
    .description('replay recorded journals, or the journals of open instances, on this code; prints the differences (exit 1)')
    .argument('<module...>', 'modules that export the system')
    .option('--journals <dir>', 'folder of recorded journals, *.json')
    .option('--open', 'the open instances of the deployed system, or of the folder; no system may run on it')
    .option('--accept <code...>', 'with --open: codes of this checkout under which open runs of other code may go on')
    .option('--debug <instance...>', 'process and id of one instance: a debugger stops in its code')
    .option(
      '--at <entry>',
      'with --debug: number of a journal entry, as tutti show prints it (default: the first difference, or the last)',
      entryArgument,
    )
    .option('--run <n>', 'with --debug: an earlier run of an instance that continues as new; 1 is the first', countArgument)
    .option('--port <port>', `with --debug: port of the debugger on 127.0.0.1 (default: ${DEBUG_PORT})`, portArgument)
    .action(async (modules: readonly string[], options: ReplayCommandOptions) => {
      const { journals, open, debug } = options;
      if ([journals, open, debug].filter((each) => each !== undefined).length !== 1)
        throw usageError('Expected either --journals DIR, --open, or --debug PROCESS ID.', 'Choose the journals to replay.');
      if (debug) return debugOne(invocation, modules, debug, options);
      const only = (['at', 'run', 'port', 'tenant'] as const).find((name) => options[name] !== undefined);
      if (only) throw usageError(`--${only} was given without --debug.`, 'Name an instance with --debug PROCESS ID, or leave it out.');
      await replayMany(invocation, modules, options);
    });
}

async function replayMany(
  invocation: Invocation,
  modules: readonly string[],
  { journals, open, json, accept = [], ...where }: ReplayCommandOptions,
): Promise<void> {
  // Lazy imports, because the short commands do not need the engine.
  const [{ loadModules, moduleFile }, { openRuns, recordedRuns }, { replayAll }, { definedCodes }] = await Promise.all([
    import('../load-modules.ts'),
    import('../runs.ts'),
    import('../replay.ts'),
    import('../../lib/flow/flows.ts'),
  ]);
  const { system } = await loadModules(modules);
  const runs = journals === undefined ? openRuns(system, where) : recordedRuns(system, journals);
  const codes = open ? await definedCodes(modules.map(moduleFile)) : {};
  invocation.exitCode = await replayAll(invocation.terminal, runs, json === true, { codes, accepted: new Set(accept) });
}

async function debugOne(
  invocation: Invocation,
  modules: readonly string[],
  [process = '', id, ...others]: readonly string[],
  options: ReplayCommandOptions,
): Promise<void> {
  if (id === undefined || others.length > 0)
    throw usageError(
      '--debug takes the name of a process and the id of an instance.',
      'Put the modules before it: tutti replay system.ts --debug PROCESS ID.',
    );
  const [{ loadModules }, { debugReplay }] = await Promise.all([import('../load-modules.ts'), import('../debug-replay.ts')]);
  const { system } = await loadModules(modules);
  await withOperations(invocation, options, async (operations) => {
    const number = options.run === undefined ? {} : { number: options.run };
    const { run, entries } = await operations.journal({ process, id, payloads: true, from: 0, ...number });
    // The instance exists, so its names are valid.
    const pid = buildPid(options.tenant ?? DEFAULT_TENANT, process, id) as string;
    const { at, port = DEBUG_PORT } = options;
    const journal = { pid, run, entries: entries as unknown as readonly JournalEntry[] };
    return debugReplay(invocation.terminal, system, journal, { port, ...(at !== undefined && { at }) });
  });
}

/** The port that debuggers of Node expect. */
const DEBUG_PORT = 9229;

function entryArgument(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected the number of an entry.');
  return Number(text);
}
