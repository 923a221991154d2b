import { versionOf } from '../../contract/versions.ts';
import type { Image } from '../../core/image.ts';
import type { Inbound } from '../../core/inbound.ts';
import type { Target } from '../admit/admission.ts';
import type { EngineContext } from '../engine-context.ts';

/** An answer counts only from the service that owns the command, and only to what was asked (docs/correctness.md#i12). */
export function forged(context: EngineContext, image: Image, inbound: Inbound, reply: NonNullable<Target['reply']>): boolean {
  if (inbound.kind !== 'reply') return false;
  const buried = image.tombstones.find((tombstone) => tombstone.run === inbound.run && tombstone.n === inbound.n);
  const command = buried ?? (inbound.run === image.run ? image.commands.get(inbound.n) : undefined);
  if (!command) return false;
  const { hash = reply.commandhash } = command;
  if (reply.source !== context.environment.commands.get(command.command)?.service || reply.commandhash !== hash) return true;
  return !isSigned(context, reply, 'since' in command ? command.since : undefined);
}

/** Whether its sender has read the command, which only its service can: a publisher in a service's name may know all else of it. */
export function isSigned({ replyTokens }: EngineContext, reply: NonNullable<Target['reply']>, since?: number): boolean {
  if (replyTokens === undefined) return true;
  const { commandId: id, datahash, token } = reply;
  return replyTokens.isGenuine(token, { id, datahash, ...(since !== undefined && { since }) });
}

/** Whether an answer is of a version of its output that this code does not know yet. */
export function isNewer(context: EngineContext, image: Image, inbound: Inbound): boolean {
  if (inbound.kind !== 'reply' || inbound.outcome !== 'completed') return false;
  const buried = image.tombstones.find((tombstone) => tombstone.run === inbound.run && tombstone.n === inbound.n);
  const command = buried ?? (inbound.run === image.run ? image.commands.get(inbound.n) : undefined);
  const contract = command && context.environment.commands.get(command.command);
  return contract !== undefined && (inbound.dataversion ?? 1) > versionOf(contract.output);
}
