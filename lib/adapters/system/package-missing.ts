import { OrchestratorError } from '../../contract/errors.ts';

/** The error for a missing package that a part of Tutti needs and that the user installs (docs/decisions/0009-dependencies-by-use.md). */
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
 * @throws PackageMissing if one of them is not installed
 */
export async function needing<T>(part: string, packages: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw asMissing(part, packages, error);
  }
}

/** `PackageMissing` if `error` names one of the packages, else `error`. Node names the missing package, or the binary of a native one. */
export function asMissing(part: string, packages: readonly string[], error: unknown): unknown {
  if (!(error instanceof Error) || !NOT_FOUND.has(String((error as NodeJS.ErrnoException).code))) return error;
  const missing = packages.find((name) => error.message.includes(`'${name}`) || error.message.includes(`'@${name}/`));
  return missing === undefined ? error : new PackageMissing(part, packages, missing, error);
}

const NOT_FOUND: ReadonlySet<string> = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);
