import { BULK, OPERATE, type OperateInput, type OperateOutput } from '../../../lib/contract/bulk.ts';
import { isKey } from '../../../lib/contract/keys.ts';
import { isFact } from '../../../lib/core/replay.ts';
import { parseCommandId, pidOfCommand, processOf } from '../../../lib/contract/wire/process-id.ts';
import { type BeginMessage, type CommandMessage, type InboxMessage, type ReplyMessage, sha256 } from '../../../lib/format/inbox-message.ts';
import { identityOf } from '../../../lib/core/identity.ts';
import { firstRun, commandIdOf, isClosed, type BegunBy } from '../../../lib/core/image.ts';
import type { HeadStatus } from '../../../lib/ports/process-store.ts';
import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import { forkIdentity, startIdentity } from './contracts.ts';
import type { InstancePicture } from './instance-picture.ts';
import type { Report } from './violations.ts';

/** The engine commands and their replies that an inbox has accepted. */
export class EngineMessages {
  /** The outcome of each command, as its owner has sent it. */
  readonly #outcomes = new Map<string, string>();
  /** The operations of bulk jobs that have a reply. */
  readonly #operated = new Set<string>();
  /** Those among them that their instance did not apply, and the run that each command names. */
  readonly #unapplied = new Set<string>();
  readonly #runs = new Map<string, string>();

  accepted(body: string, pictureOf: (pid: string) => InstancePicture | undefined, report: Report): void {
    if (body.startsWith('{"tutti":"begin"')) beginAccepted(JSON.parse(body) as BeginMessage, pictureOf, report);
    if (!body.startsWith('{"tutti":"command"') && !body.startsWith('{"tutti":"reply"')) return;
    const message = JSON.parse(body) as InboxMessage;
    if (message.tutti === 'command') {
      commandAccepted(message, pictureOf, report);
      const { run } = (message.data ?? {}) as Partial<OperateInput>;
      if (message.command === OPERATE && run !== undefined) this.#runs.set(message.commandid, run);
    }
    if (message.tutti === 'reply') this.#replyAccepted(message, pictureOf, report);
  }

  /** Whether a queue has accepted a reply to the operation of a bulk job. */
  isOperated(commandid: string): boolean {
    return this.#operated.has(commandid);
  }

  /** I4, I5: an operation of a bulk job changes the run of its preview alone, and nothing after its instance has said that it was not applied. */
  applied(entries: readonly JournalEntry[], { pid, image }: InstancePicture, report: Report): void {
    for (const entry of entries) {
      if (!('id' in entry) || entry.id === undefined || !isFact(entry) || !OPERATIONS.has(entry.type)) continue;
      const run = this.#runs.get(entry.id);
      if (run !== undefined && image && run !== firstRun(image))
        report('I4', `${pid}/${image.run} has journaled ${entry.id}, which is an operation on its run ${run}`);
      if (this.#unapplied.has(entry.id)) report('I5', `${pid} has journaled ${entry.id}, and has said before that it was not applied`);
    }
  }

  /** I5: an owner gives one outcome, which is that of the run that the command has begun. */
  #replyAccepted(message: ReplyMessage, pictureOf: (pid: string) => InstancePicture | undefined, report: Report): void {
    const { commandid, owner, outcome } = message;
    const picture = pictureOf(owner);
    picture?.outbox.replySent(commandid);
    if (isOfBulk(commandid)) this.#operated.add(commandid);
    if (picture?.disturbed) return;
    if (isOfBulk(commandid)) {
      // An instance that has not begun remembers nothing: the preview of a job never shows one, but a scenario may name it.
      const isUnapplied = outcome !== 'completed' || (message.data as Partial<OperateOutput>).unchanged;
      if (isUnapplied && picture?.image) this.#unapplied.add(commandid);
      return operationReplied(message, picture, report);
    }
    const before = this.#outcomes.get(commandid) ?? outcome;
    if (before !== outcome) report('I5', `${owner} answers ${commandid} with ${before}, and then with ${outcome}`);
    this.#outcomes.set(commandid, before);
    if (isKey(owner)) {
      if (outcome === 'completed' && ![...(picture?.runs.values() ?? [])].some(({ ids }) => ids.has(commandid)))
        report('I1', `${owner} confirms ${commandid}, which it has not journaled`);
      return;
    }
    const forked = picture?.forks.has(forkIdentity(owner, commandid));
    if (forked) {
      const hasBegun = picture?.runs.has(forkIdentity(owner, commandid)) === true;
      if (hasBegun !== (outcome === 'completed'))
        report('I1', `${owner} answers ${commandid} with ${outcome}, and that fork has ${hasBegun ? '' : 'not '}begun`);
      return;
    }
    const run = picture?.runs.get(startIdentity(owner, commandid));
    const ending = run?.entries.find(({ type }) => ENDS.has(type))?.type;
    if (run && ending !== undefined && ENDS.get(ending) !== outcome)
      report('I5', `${owner} answers ${commandid} with ${outcome}, and its run ended with ${ending}`);
    if (run && ending === undefined) report('I1', `${owner} answers ${commandid} with ${outcome}, and its run has not ended`);
    if (!run && outcome !== 'failed') report('I1', `${owner} answers ${commandid} with ${outcome}, and has no run of that command`);
  }
}

/** Whether a command is the operation of a bulk job. */
export const isOfBulk = (commandid: string): boolean => processOf(pidOfCommand(commandid)) === BULK;

/** I1, I5: an instance reports an operation of a bulk job as done only if it has journaled it, and as unchanged only if it is open. */
const operationReplied = (
  { commandid, owner, outcome, data }: ReplyMessage,
  picture: InstancePicture | undefined,
  report: Report,
): void => {
  const { status, unchanged } = (data ?? {}) as Partial<OperateOutput>;
  const isUnchanged = unchanged === true;
  if (isUnchanged && isClosed(status as HeadStatus)) report('I5', `${owner} answers ${commandid} as unchanged, and is ${status}`);
  const isHeld = [...(picture?.runs.values() ?? [])].some(({ ids }) => ids.has(commandid));
  if (outcome === 'completed' && !isUnchanged && !isHeld)
    report('I1', `${owner} answers ${commandid} as done, and no entry of its journal has that operation`);
  if (outcome !== 'completed' && isHeld) report('I5', `${owner} answers ${commandid} with ${outcome}, and has journaled that operation`);
};

/** Entries of operations that a bulk job may send. */
const OPERATIONS: ReadonlySet<string> = new Set(['Paused', 'Resumed', 'CancelRequested', 'TerminateRequested']);

const ENDS: ReadonlyMap<string, string> = new Map([
  ['ProcessCompleted', 'completed'],
  ['ProcessFailed', 'failed'],
  ['ProcessCancelled', 'cancelled'],
  ['ProcessTerminated', 'failed'],
]);

/** I1: only a start that has waited, journaled in an earlier run or at the end of a window, begins one. */
const beginAccepted = (
  { pid, owner, data }: BeginMessage,
  pictureOf: (pid: string) => InstancePicture | undefined,
  report: Report,
): void => {
  const picture = pictureOf(owner);
  const { event, id } = (data ?? {}) as unknown as Partial<BegunBy>;
  picture?.outbox.beginSent(identityOf(sha256, { pid, event: String(event), id: String(id) }));
  if (!picture || picture.disturbed) return;
  const waited = [...picture.runs.values()].some(({ entries }) => entries.some((entry) => hasWaited(entry, String(id))));
  if (!waited) report('I1', `${String(id)} begins ${pid}, and has not waited for it`);
};

const hasWaited = (entry: JournalEntry, id: string): boolean =>
  (entry.type === 'StartQueued' && entry.id === id) || (entry.type === 'WindowClosed' && entry.ids.includes(id));

/** I1: only commands of a committed head are sent, to the owner that it names. */
const commandAccepted = (
  { commandid, owner, command, datahash }: CommandMessage,
  pictureOf: (pid: string) => InstancePicture | undefined,
  report: Report,
): void => {
  const key = parseCommandId(commandid);
  const picture = key && pictureOf(key.pid);
  if (!key || !picture || picture.disturbed) return;
  const issued = picture.runs.get(key.run)?.issued.get(key.n);
  if (!issued) report('I1', `${commandid} was sent, but no committed head has it`);
  else if (issued.command !== command || issued.owner !== owner || !datahash.startsWith(`sha256:${issued.hash}`))
    report('I1', `${commandid} was sent as another command, with other data or to another owner than was committed`);
  const { image } = picture;
  const open = image?.commands.get(key.n);
  // A command that has moved to a later run keeps the id of the run that issued it.
  if (image && open && commandIdOf(image, open) === commandid) picture.outbox.engineCommandSent(key.n);
};
