import type { ListedInstance, Operations } from '../lib/client/operations/operations.ts';
import { ofTenant } from '../lib/client/instance.ts';
import { placeText } from './cause-lines.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { WhereOptions } from './invocation.ts';
import type { Terminal } from './terminal.ts';

export interface ResumeCauseOptions extends WhereOptions {
  /** A stuck code, or a group of `tutti list --group`. */
  readonly cause: string;
  readonly process?: string;
  readonly version?: number;
  readonly yes?: true;
}

/** Resumes that are in flight at once. */
const AT_ONCE = 8;

/** Resumes all stuck instances of a cause. Without `yes`, only counts them. */
export async function resumeCause(terminal: Terminal, operations: Operations, options: ResumeCauseOptions): Promise<ExitCode> {
  const { cause, process } = options;
  const { instances } = await operations.list({
    status: ['stuck'],
    cause,
    ...(process === undefined ? {} : { process }),
    limit: Number.MAX_SAFE_INTEGER,
  });
  if (options.json) terminal.printJson({ count: instances.length });
  else terminal.print(`${instances.length} stuck ${instances.length === 1 ? 'instance matches' : 'instances match'}.`);
  if (instances.length === 0) return EXIT.done;
  if (options.yes !== true) {
    terminal.message('Nothing was resumed. Repeat with --yes to resume them.');
    return EXIT.done;
  }
  const resuming = new BulkResume(operations, options.version);
  // The first one is resumed alone: if the cause is not fixed, the others stay as they are.
  const [first, ...others] = instances;
  await resuming.resume(first as ListedInstance);
  if (resuming.left.length === 0) await resuming.resumeAll(others);
  const { resumed, left } = resuming;
  if (options.json) terminal.printJson({ resumed, left: instances.length - resumed, of: instances.length });
  else terminal.print(`${resumed} of ${instances.length} resumed.`);
  for (const { instance, why } of left) terminal.message(`${instance.process} ${instance.id}${ofTenant(instance)} stays stuck: ${why}`);
  if (resumed === 0 && others.length > 0) terminal.message('The others were not resumed. Fix the cause, then repeat the command.');
  terminal.message(`Whether they got stuck again: tutti list --status stuck --group${placeText(options)}`);
  return resumed === instances.length ? EXIT.done : EXIT.bad;
}

class BulkResume {
  resumed = 0;
  readonly left: { readonly instance: ListedInstance; readonly why: string }[] = [];
  readonly #operations: Operations;
  readonly #version: number | undefined;

  constructor(operations: Operations, version: number | undefined) {
    this.#operations = operations;
    this.#version = version;
  }

  async resume(instance: ListedInstance): Promise<void> {
    const { process, id, tenant } = instance;
    try {
      const version = this.#version === undefined ? {} : { version: this.#version };
      const { status } = await this.#operations.resume({ process, id, ...(tenant === undefined ? {} : { tenant }), ...version });
      if (status !== 'stuck') this.resumed += 1;
      else this.left.push({ instance, why: 'it got stuck again at once' });
    } catch (error) {
      this.left.push({ instance, why: (error as Error).message });
    }
  }

  async resumeAll(instances: readonly ListedInstance[]): Promise<void> {
    const waiting = instances.values();
    const worker = async (): Promise<void> => {
      for (const instance of waiting) await this.resume(instance);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }
}
