import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
let project: string;

/** A project outside the repository, with only the built package and its dependencies installed. */
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'tutti-packed-'));
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'tutti'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  // tsc emits files in spite of type errors; other tests check types.
  spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json', '--outDir', join(modules, 'tutti/dist')], { cwd: root });
  cpSync(join(root, 'package.json'), join(modules, 'tutti/package.json'));
  // Vite builds the page of the console into this folder.
  mkdirSync(join(modules, 'tutti/dist/console/assets'), { recursive: true });
  for (const file of ['index.html', 'icon.svg', 'assets/main-1.js']) writeFileSync(join(modules, 'tutti/dist/console', file), file);
}, 120_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

test('a project that has installed tutti synthesises a stack with its console, whose functions load', () => {
  writeFileSync(
    join(project, 'system.ts'),
    `import { command, process, service, system } from 'tutti';
import * as z from 'zod';
export const mail = service('mail', { send: command({ input: z.object({ to: z.string() }) }) });
const greet = process('greet', { input: z.object({ to: z.string() }) }, async (ctx, { to }) => { await ctx.call(mail.send, { to }); });
export const greetings = system('greetings', { processes: [greet], services: [mail] });`,
  );
  writeFileSync(
    join(project, 'service.ts'),
    `import { serve } from 'tutti/service';
import { mail } from './system.ts';
export const handler = serve(mail, { send: async () => {} });`,
  );
  writeFileSync(
    join(project, 'authorizer.ts'),
    `import type { ConsoleAuthorizer } from 'tutti/cdk';
export const authorize: ConsoleAuthorizer = () => undefined;`,
  );
  writeFileSync(
    join(project, 'app.mjs'),
    `import { createRequire } from 'node:module';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib/core';
import { Console, Orchestrator, ServiceFunction } from 'tutti/cdk';
import { mail, greetings } from './contracts.mjs';
const app = new App({ outdir: 'cdk.out' });
const stack = new Stack(app, 'Greetings');
const orchestrator = new Orchestrator(stack, 'Greetings', { system: greetings, entry: 'system.ts' });
new ServiceFunction(stack, 'Mail', { orchestrator, service: mail, entry: 'service.ts' });
new Console(stack, 'Console', { orchestrator, authorizer: 'authorizer.ts' });
app.synth();
const assets = readdirSync('cdk.out').filter((name) => name.startsWith('asset.'));
const functions = assets.filter((name) => existsSync('cdk.out/' + name + '/index.js'));
const pages = assets.flatMap((name) => ['index.html', 'main-1.js', 'assets'].filter((file) => existsSync('cdk.out/' + name + '/' + file)));
const template = readFileSync('cdk.out/Greetings.template.json', 'utf8');
console.log(JSON.stringify({
  functions: functions.map((name) => typeof createRequire(import.meta.url)('./cdk.out/' + name + '/index.js').handler),
  pages: pages.sort(),
  routes: /files = [^;]*/.exec(template)[0],
}));`,
  );
  // Node 20 does not read TypeScript by itself; a user's app runs with tsx.
  execFileSync(join(root, 'node_modules/.bin/esbuild'), ['system.ts', '--format=esm', '--outfile=contracts.mjs'], {
    cwd: project,
    stdio: 'ignore',
  });
  const said = execFileSync(process.execPath, ['app.mjs'], {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, CDK_VALIDATION: 'false' },
  });
  expect(JSON.parse(said.trim().split('\n').at(-1) as string)).toEqual({
    functions: Array.from({ length: 7 }, () => 'function'),
    pages: ['index.html', 'main-1.js'],
    routes: 'files = [\\"/icon.svg\\",\\"/index.html\\"]',
  });
}, 120_000);
