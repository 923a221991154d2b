import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
let project: string;

/** A project of somebody else: the built package and what it depends on are installed there, and nothing else of this repository. */
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'tutti-packed-'));
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'tutti'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  // What does not type-check is built all the same; types are another test's.
  spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json', '--outDir', join(modules, 'tutti/dist')], { cwd: root });
  cpSync(join(root, 'package.json'), join(modules, 'tutti/package.json'));
}, 120_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

test('a package that has installed tutti synthesises a stack whose functions load', () => {
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
    join(project, 'app.mjs'),
    `import { createRequire } from 'node:module';
import { readdirSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib/core';
import { Orchestrator, ServiceFunction } from 'tutti/cdk';
import { mail, greetings } from './contracts.mjs';
const app = new App({ outdir: 'cdk.out' });
const stack = new Stack(app, 'Greetings');
const orchestrator = new Orchestrator(stack, 'Greetings', { system: greetings, entry: 'system.ts' });
new ServiceFunction(stack, 'Mail', { orchestrator, service: mail, entry: 'service.ts' });
app.synth();
const assets = readdirSync('cdk.out').filter((name) => name.startsWith('asset.'));
console.log(assets.map((name) => typeof createRequire(import.meta.url)('./cdk.out/' + name + '/index.js').handler).join());`,
  );
  // Node 20 does not read TypeScript by itself; the app of a user would run by tsx.
  execFileSync(join(root, 'node_modules/.bin/esbuild'), ['system.ts', '--format=esm', '--outfile=contracts.mjs'], {
    cwd: project,
    stdio: 'ignore',
  });
  const said = execFileSync(process.execPath, ['app.mjs'], {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, CDK_VALIDATION: 'false' },
  });
  expect(said.trim().split(',')).toEqual(Array.from({ length: 5 }, () => 'function'));
}, 120_000);
