import { parsePid } from '../../contract/wire/process-id.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { isClosed, type Image, type StuckReason } from '../../core/image.ts';
import type { Inbound } from '../../core/inbound.ts';
import type { RunEnvironment } from '../../core/run.ts';
import type { EngineContext } from '../engine-context.ts';
import { resolveReferences } from '../../format/head-codec.ts';
import { LiveInstance } from './live-instance.ts';
import { journalTexts, readEntries } from '../../format/read-journal.ts';

/** The instance in memory, from its head and its journal, on the definition that the event wants it to go on with. */
export async function rebuildInstance(
  context: EngineContext,
  pid: string,
  image: Image | undefined,
  inbound: Inbound,
): Promise<LiveInstance | StuckReason> {
  const { catalogue, environment } = context;
  const wanted = wantedDefinition(image, inbound);
  // Whatever version it is of, also one that is not listed any more: to be ended it needs no code of its own.
  const definition = catalogue.definition(wanted) ?? (isTerminate(inbound) ? catalogue.newest(parsePid(pid)?.process ?? '') : undefined);
  if (!definition || !image)
    return { code: 'UNKNOWN_VERSION', message: `${pid} is to go on with ${wanted}, which this system does not list.` };
  const live = await rebuild(context, definition, environment, image, !isTerminate(inbound));
  image.definition = wanted;
  return live;
}

/** A run stays on its definition, unless a person resumes it with another version of it. */
function wantedDefinition(image: Image | undefined, inbound: Inbound): string {
  const { definition = '' } = image ?? {};
  if (inbound.kind !== 'operate' || inbound.version === undefined) return definition;
  return `${definition.slice(0, definition.lastIndexOf('@'))}@${inbound.version}`;
}

/** What is only ended needs no replay, and must not: its journal may be what it is stuck on. */
function isTerminate(inbound: Inbound): boolean {
  return inbound.kind === 'operate' && inbound.act === 'terminate';
}

async function rebuild(
  context: EngineContext,
  definition: ProcessContract,
  environment: RunEnvironment,
  image: Image,
  replays: boolean,
): Promise<LiveInstance> {
  const { store, frontEndOf } = context.options;
  await resolveReferences(image, context.readPayload);
  if (!replays || definition.kind === 'decider' || isClosed(image.status))
    return LiveInstance.decoded(definition, environment, frontEndOf, image);
  const journal = await readEntries(await journalTexts(store, image), (name) => context.readPayload(image.pid, name));
  return LiveInstance.replayed(definition, environment, frontEndOf, image, journal);
}
