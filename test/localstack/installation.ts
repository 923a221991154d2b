import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOCALSTACK_VERSION } from './endpoint.ts';
import { outputOf, run } from './program.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** The inputs of the installation; other inputs have another folder. */
const parts = [
  'constraints.txt',
  'dynamodb-local.pom.xml',
  'class-path-jar.py',
  'executor/pyproject.toml',
  'executor/node/plugin.py',
  'executor/node/worker.mjs',
];

/** The folder of LocalStack without Docker: in the user's cache, named after its version and inputs. */
export function installationFolder(): string {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(readFileSync(here(part)));
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(cache, 'tutti', `localstack-${LOCALSTACK_VERSION}-${digest.digest('hex').slice(0, 12)}`);
}

export const installedPython = (folder: string): string => join(folder, 'venv/bin/python');

/** One sentence for each program that this machine lacks, with its installation. Empty if none is missing. */
export function missingPrograms(): readonly string[] {
  if (process.platform === 'win32') return ['Without Docker LocalStack needs Linux or macOS: install Docker, or use WSL.'];
  if (existsSync(installedPython(installationFolder())) && javaHome() !== undefined) return [];
  return [
    ...(findPython() === undefined
      ? ['Python 3.13 (its venv and pip with it) was not found: `pyenv install 3.13`, or https://www.python.org/downloads.']
      : []),
    ...(javaHome() === undefined
      ? ['Java 17 or later was not found, for DynamoDB Local: `apt install openjdk-17-jre-headless`, `brew install openjdk`.']
      : []),
    ...(outputOf('mvn', ['--version']) === undefined
      ? ['Maven was not found, to fetch DynamoDB Local: `apt install maven`, `brew install maven`.']
      : []),
  ];
}

/** Installs LocalStack and DynamoDB Local from PyPI and Maven into the user's cache, once. An incomplete installation is never used. */
export async function install(say: (line: string) => void): Promise<string> {
  const folder = installationFolder();
  if (existsSync(installedPython(folder))) return folder;
  say('installing into the cache, once: LocalStack from PyPI, DynamoDB Local from Maven; one to two minutes');
  const partial = `${folder}.${process.pid}.partial`;
  const library = join(partial, 'root/var/lib/localstack/lib');
  mkdirSync(join(library, 'java'), { recursive: true });
  mkdirSync(join(library, 'dynamodb-local/2'), { recursive: true });
  try {
    await installPackages(partial, say);
    symlinkSync(javaHome()!, join(library, 'java/21'));
    say('fetching DynamoDB Local');
    await installDatabase(partial, join(library, 'dynamodb-local/2'));
    // The scripts of the environment name its folder, but it is started by its python alone, so it may be moved. Another
    // process may have installed the same meanwhile, and run from there.
    if (existsSync(installedPython(folder))) return folder;
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

async function installPackages(partial: string, say: (line: string) => void): Promise<void> {
  await run(findPython()!, ['-m', 'venv', join(partial, 'venv')]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  say(`fetching LocalStack ${LOCALSTACK_VERSION}`);
  // The constraints are needed: newer cbor2 and pyOpenSSL keep it from starting.
  await run(installedPython(partial), [
    ...pip,
    '--no-warn-conflicts',
    '--constraint',
    here('constraints.txt'),
    `localstack-core[runtime]==${LOCALSTACK_VERSION}`,
    'setuptools',
  ]);
  // A build writes beside its sources, so it is done on a copy.
  const copy = mkdtempSync(join(tmpdir(), 'localstack-executor-'));
  cpSync(here('executor'), copy, { recursive: true });
  await run(installedPython(partial), [...pip, '--no-deps', '--no-build-isolation', copy]);
  rmSync(copy, { recursive: true });
}

async function installDatabase(partial: string, folder: string): Promise<void> {
  const jars = join(folder, 'DynamoDBLocal_lib');
  await run('mvn', [
    '--quiet',
    '--batch-mode',
    '-f',
    here('dynamodb-local.pom.xml'),
    'dependency:copy-dependencies',
    '-Dmdep.stripVersion=true',
    `-DoutputDirectory=${jars}`,
  ]);
  renameSync(join(jars, 'byte-buddy-agent.jar'), join(folder, 'ddb-local-loader-0.1.jar'));
  await run(installedPython(partial), [here('class-path-jar.py'), folder]);
}

function findPython(): string | undefined {
  const versions = join(homedir(), '.pyenv/versions');
  const ofPyenv = existsSync(versions)
    ? readdirSync(versions)
        .filter((name) => name.startsWith('3.13.'))
        .map((name) => join(versions, name, 'bin/python'))
    : [];
  return ['python3.13', 'python3', ...ofPyenv].find(
    (candidate) => outputOf(candidate, ['-c', 'import sys; print(sys.version_info[:2])']) === '(3, 13)',
  );
}

/** The folder of the Java that is on the path, if it is 17 or later. */
function javaHome(): string | undefined {
  const settings = outputOf('java', ['-XshowSettings:properties', '-version']) ?? '';
  const major = Number(/java\.specification\.version = (\d+)/.exec(settings)?.[1] ?? 0);
  return major >= 17 ? /java\.home = (.+)/.exec(settings)?.[1] : undefined;
}
