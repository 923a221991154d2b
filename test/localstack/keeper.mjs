// Keeps LocalStack running as long as somebody holds this program's standard input, and then ends it and everything it started:
// its functions and its database too. So a starter that is killed leaves nothing behind.
// usage: keeper.mjs LOG COMMAND ARGUMENT…
import { spawn, spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import process from 'node:process';

const [log, command, ...args] = process.argv.slice(2);
const output = openSync(log, 'a');
const child = spawn(command, args, { stdio: ['ignore', output, output], detached: true });
child.once('exit', (code) => finish(code ?? 1));
child.once('error', () => finish(1));

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const send = (pid, signal) => {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
};

// All that `root` started, directly or not, by pid: functions have process groups of their own.
function startedBy(root) {
  const rows = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  const found = new Set([root]);
  for (let grown = true; grown;) {
    grown = false;
    for (const [pid, parent] of rows) if (found.has(parent) && !found.has(pid)) grown = Boolean(found.add(pid));
  }
  return [...found];
}

let family = [];
// Should LocalStack end by itself, what it had started is known.
const look = setInterval(() => (family = startedBy(child.pid)), 5_000);
let ending = false;
async function end() {
  if (ending) return;
  ending = true;
  clearInterval(look);
  family = startedBy(child.pid);
  send(child.pid, 'SIGTERM');
  for (let tries = 0; tries < 60 && isAlive(child.pid); tries++) await new Promise((resolve) => setTimeout(resolve, 100));
  finish(0);
}
function finish(code) {
  for (const pid of family) send(pid, 'SIGKILL');
  process.exit(code);
}

process.stdin.on('end', end).on('error', end).resume();
process.on('SIGTERM', end);
process.on('SIGINT', () => {}); // Ctrl-C reaches the starter, which lets go of standard input.
