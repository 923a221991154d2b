import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const FOLDER = fileURLToPath(new URL('../../examples/python-service', import.meta.url));

/** Runs Python 3 in the folder of the example to its end. If there is no Python 3, the error says how to continue. */
export function python(
  parts: readonly string[],
  input = '',
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  // boto3 is not needed here: only the AWS clients import it.
  const { error, status, stdout, stderr } = spawnSync('python3', parts, {
    cwd: FOLDER,
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1' },
  });
  if (error !== undefined)
    throw new Error(`python3 could not be run (${error.message}): install Python 3.9 or later, which the Python service needs.`);
  return { status, stdout, stderr };
}

/**
 * Evaluates a Python expression for each value. `it` is the value, `wire`, `decision` and `scrub` are the modules, `kind` returns the
 * kind of a body.
 */
export function inPython(expression: string, values: readonly unknown[]): readonly unknown[] {
  const program = `import json, sys
from dataclasses import asdict
from tutti import decision, scrub, wire
def kind(body):
    try:
        wire.read_command(body)
    except wire.Malformed:
        return "malformed"
    return "command"
print(json.dumps([(${expression}) for it in json.load(sys.stdin)]))`;
  const { status, stdout, stderr } = python(['-c', program], JSON.stringify(values));
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as unknown[];
}
