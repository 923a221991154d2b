import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { findDeployment, type Deployment } from './outside/deployment.ts';
import { runCdk } from './program.ts';

/** The first edition, and the edition that fixes a process and changes settings of the functions. */
export type Edition = 'first' | 'second';

export const SUITE = 'suite';
/** The deployment of examples/inline-booking in the stack of the suite. */
export const INLINE = `${SUITE}-inline`;
const account = 'aws://000000000000/us-east-1';

/** The folder of the partners of examples/inline-booking. A function in a container has a folder of its own. */
export const foreignSystems = (): string => join(inject('workFolder'), 'foreign-systems');

/** The suite's system, deployed by `cdk deploy` if it is not deployed yet. @default the deployed edition, else the first */
export async function deployed(wanted?: Edition): Promise<Deployment> {
  const note = join(inject('workFolder'), 'deployed-edition');
  const standing = existsSync(note) ? readFileSync(note, 'utf8') : undefined;
  const edition = wanted ?? (standing as Edition | undefined) ?? 'first';
  if (standing === undefined) await cdk(edition, ['bootstrap', account]);
  if (standing !== edition) await cdk(edition, ['deploy', '--require-approval', 'never']);
  writeFileSync(note, edition);
  return findDeployment(SUITE);
}

function cdk(edition: Edition, args: readonly string[]): Promise<void> {
  return runCdk('app.ts', args, { SUITE_NAME: SUITE, SUITE_EDITION: edition, SUITE_FOREIGN_SYSTEMS: foreignSystems() });
}
