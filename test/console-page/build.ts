import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Builds the page once for all files, as a user gets it: vitest's own NODE_ENV would build the slow one for development. */
export function setup(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  execFileSync('npm', ['run', '--silent', 'build:console'], { cwd: root, env: { ...process.env, NODE_ENV: 'production' }, stdio: 'pipe' });
}
