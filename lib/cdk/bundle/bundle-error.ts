import { OrchestratorError } from '../../contract/errors.ts';
import type { ForbiddenChain } from './module-graph.ts';

/** The code of a function could not be built from its entry module. */
export class BundleError extends OrchestratorError {
  /** A process imports, directly or not, a module on which a decision must not depend. */
  static forbidden(entry: string, { chain, what }: ForbiddenChain): BundleError {
    return new BundleError(`The functions of ${entry} cannot be built: a process imports ${what}. ${chain.join('\n  imports ')}`, {
      retryable: false,
      remedy: `Move the import into the step that needs it: await import('${chain.at(-1)}') inside ctx.run, or move the I/O into a service.`,
      details: { chain: [...chain] },
    });
  }

  static failed(entry: string, cause: unknown): BundleError {
    const text = cause instanceof Error ? cause.message : String(cause);
    return new BundleError(`The function of ${entry} cannot be built: ${text}`, {
      retryable: false,
      remedy: 'Correct the module, or pass another one as entry.',
      cause,
    });
  }

  /** `packages`: all packages that building functions needs. */
  static missing(name: string, packages: readonly string[], cause: unknown): BundleError {
    return new BundleError(`Functions cannot be built: ${name} is not installed.`, {
      retryable: false,
      remedy: `Install it: npm install ${packages.join(' ')}`,
      cause,
    });
  }

  private constructor(message: string, parts: ConstructorParameters<typeof OrchestratorError>[2]) {
    super('BUNDLE_FAILED', message, parts);
  }
}
