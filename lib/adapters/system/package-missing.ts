import { OrchestratorError } from '../../contract/errors.ts';

/** A package that a part of Tutti needs and that its user installs (docs/decisions/0009-dependencies-by-use.md) is not there. */
export class PackageMissing extends OrchestratorError {
  constructor(part: string, packages: readonly string[], missing: string, cause: unknown) {
    super('PACKAGE_MISSING', `${part} needs ${missing}, which is not installed.`, {
      retryable: false,
      remedy: `Install it: npm install ${packages.join(' ')}`,
      details: { packages },
      cause,
    });
  }
}

/**
 * Loads a part of Tutti that needs these packages.
 * @throws PackageMissing where one of them is not installed
 */
export async function needing<T>(part: string, packages: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw asMissing(part, packages, error);
  }
}

/** `error`, or what it says of a package: Node names the one that it did not find, and of a native package the binary. */
export function asMissing(part: string, packages: readonly string[], error: unknown): unknown {
  if (!(error instanceof Error) || !NOT_FOUND.has(String((error as NodeJS.ErrnoException).code))) return error;
  const missing = packages.find((name) => error.message.includes(`'${name}`) || error.message.includes(`'@${name}/`));
  return missing === undefined ? error : new PackageMissing(part, packages, missing, error);
}

const NOT_FOUND: ReadonlySet<string> = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);
