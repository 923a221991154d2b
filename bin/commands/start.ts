import { Option, type Command } from 'commander';
import type { OnOpen } from '../../lib/client/start.ts';
import { EXIT } from '../exit-code.ts';
import { addWhereOptions, withActs, type Invocation, type WhereOptions } from '../invocation.ts';
import { jsonArgument } from '../json-argument.ts';

interface StartCommandOptions extends WhereOptions {
  readonly id?: string;
  readonly onOpen?: OnOpen;
  readonly wait?: true;
}

export function addStartCommand(program: Command, invocation: Invocation): void {
  addWhereOptions(program.command('start'))
    .description('start an instance; prints its id and run, with --wait its result (exit 1 if it failed)')
    .argument('<process>', 'name of the process')
    .argument('<json>', 'its input, or @FILE')
    .option('--id <id>', 'id of the instance (default: what its starting event names, else a new one)')
    .addOption(new Option('--on-open <policy>', 'what to do where that id is open').choices(['reject', 'attach', 'signal']))
    .option('--wait', 'wait for the end and print the result')
    .action(async (process: string, json: string, options: StartCommandOptions) => {
      const input = jsonArgument(json);
      const { terminal } = invocation;
      await withActs(invocation, options, async (acts) => {
        const { id, onOpen } = options;
        const started = await acts.start({
          process,
          input,
          ...(id === undefined ? {} : { id }),
          ...(onOpen === undefined ? {} : { onOpen }),
        });
        if (options.wait !== true) {
          if (options.json) terminal.printJson(started);
          else terminal.print(`${started.id} ${started.run}${started.started ? '' : ' (was open)'}`);
          return EXIT.done;
        }
        const { result } = await acts.result({ process, id: started.id });
        terminal.printJson(options.json ? { ...started, result } : result);
        return EXIT.done;
      });
    });
}
