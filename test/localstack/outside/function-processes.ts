import { spawnSync } from 'node:child_process';
import process from 'node:process';

/** The host of the functions: their parent process, or a container that starts theirs. */
export type FunctionHost = { readonly parent: number } | { readonly container: string };

/**
 * Kills one environment of a function, as AWS takes one away at any instant. Returns its name, or undefined where none was running. `prefix`:
 * the name of the stack and, to kill a certain function, the beginning of its logical id.
 */
export function killOne(host: FunctionHost, prefix: string, choose: (count: number) => number): string | undefined {
  return 'parent' in host ? killProcess(host.parent, prefix, choose) : killContainer(host.container, prefix, choose);
}

/** Functions are `node … worker.mjs <FunctionName>`, below the process that was started here. */
function killProcess(parent: number, prefix: string, choose: (count: number) => number): string | undefined {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  const rows = stdout.split('\n').flatMap((line) => {
    const [, pid, above, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), above: Number(above), args: args! }];
  });
  const parents = new Map(rows.map(({ pid, above }) => [pid, above]));
  const isBelow = (pid: number | undefined): boolean => pid !== undefined && (pid === parent || isBelow(parents.get(pid)));
  const found = rows.filter(({ pid, args }) => new RegExp(`worker\\.mjs ${prefix}`).test(args) && isBelow(pid));
  const chosen = found[choose(found.length)];
  if (chosen === undefined) return undefined;
  try {
    process.kill(chosen.pid, 'SIGKILL');
  } catch {
    // It ended by itself since.
    return undefined;
  }
  return chosen.args.split(' ').at(-1);
}

function killContainer(container: string, prefix: string, choose: (count: number) => number): string | undefined {
  const name = `${container}-lambda-${prefix}`;
  const { stdout } = spawnSync('docker', ['ps', '--filter', `name=${name}`, '--format', '{{.Names}}'], { encoding: 'utf8' });
  const names = stdout.split('\n').filter((name) => name !== '');
  const chosen = names[choose(names.length)];
  if (chosen !== undefined) spawnSync('docker', ['kill', chosen]);
  return chosen;
}
