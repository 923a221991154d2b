import type { CommandEnvelope } from '../../../lib/contract/wire/envelope.ts';
import { DEFAULT_TENANT, parseCommandId, parsePid } from '../../../lib/contract/wire/process-id.ts';
import { openCommand } from '../../../lib/core/image.ts';
import type { Contracts } from './contracts.ts';
import type { InstancePicture } from './instance-picture.ts';
import type { Report } from './violations.ts';

/** One more than the hops of an event that may still be applied. */
const HOPS_MAX = 101;

/** The commands that service queues have accepted. */
export class SentCommands {
  readonly hashes = new Map<string, string>();
  readonly #versions = new Map<string, number>();
  /** Hashes of undos, by the id of the command that they undo. */
  readonly #undos = new Map<string, string>();
  count = 0;
  readonly #contracts: Contracts;
  readonly #report: Report;

  constructor(contracts: Contracts, report: Report) {
    this.#contracts = contracts;
    this.#report = report;
  }

  accepted(queue: string, command: CommandEnvelope, pictureOf: (pid: string) => InstancePicture | undefined): void {
    this.count += 1;
    const key = parseCommandId(command.id);
    const picture = key && pictureOf(key.pid);
    if (key) this.#checkGhost(queue, command, picture?.runs.get(key.run)?.issued.get(key.n), picture);
    else this.#report('I1', `${command.id}, which is not a valid command id, was sent to ${queue}`);
    this.#checkHash(command, picture);
    if (key) this.#checkTenant(command, key.pid, picture);
    if (command.hops > HOPS_MAX) this.#report('I13', `${command.id} is ${command.hops} events away from its first cause`);
    if (key && picture?.image && openCommand(picture.image, key.run, key.n)) picture.outbox.commandSent(key.n, command.attempt);
  }

  /** I1: only commands of a committed head are sent, as they were committed, and to their owner. */
  #checkGhost(
    queue: string,
    { id, type, datahash }: CommandEnvelope,
    issued: { readonly command: string; readonly hash: string } | undefined,
    picture: InstancePicture | undefined,
  ): void {
    // After a restore, a worker that has read the lost suffix may still send its commands.
    if (picture?.disturbed) return;
    if (!issued) this.#report('I1', `${id} was sent, but no committed head has it`);
    else if (issued.command !== type || !datahash.startsWith(`sha256:${issued.hash}`))
      this.#report('I1', `${id} was sent as another command, or with other data, than was committed`);
    else if (this.#contracts.command(type)?.service !== queue) this.#report('I1', `${id} (${type}) was sent to ${queue}`);
  }

  /** I4: a command id has one content, in one version, and the undo of a command has one content under all its ids. */
  #checkHash({ id, datahash, dataversion = 1, undoes }: CommandEnvelope, picture: InstancePicture | undefined): void {
    const before = this.hashes.get(id);
    if (before !== undefined && before !== datahash && !picture?.disturbed) this.#report('I4', `${id} was sent with two contents`);
    this.hashes.set(id, datahash);
    const version = this.#versions.get(id) ?? dataversion;
    if (version !== dataversion && !picture?.disturbed) this.#report('I4', `${id} was sent as version ${version}, and as ${dataversion}`);
    this.#versions.set(id, dataversion);
    if (undoes === undefined) return;
    const undo = this.#undos.get(undoes) ?? datahash;
    if (undo !== datahash && !picture?.disturbed) this.#report('I4', `the undo of ${undoes} was sent with two contents`);
    this.#undos.set(undoes, undo);
  }

  /** I15: a command of one tenant acts for no other tenant. */
  #checkTenant({ id, tenant, undoes }: CommandEnvelope, pid: string, picture: InstancePicture | undefined): void {
    const owner = parsePid(pid)?.tenant;
    if ((tenant ?? DEFAULT_TENANT) !== owner) this.#report('I15', `${id} was sent for the tenant ${tenant ?? DEFAULT_TENANT}`);
    if (undoes !== undefined && parseCommandId(undoes)?.pid !== pid && !this.#hasAdopted(picture, undoes))
      this.#report('I15', `${id} undoes ${undoes}, which is another instance's`);
  }
  /** A fork undoes what it has from its original. After a restore, nothing of it is known. */
  #hasAdopted(picture: InstancePicture | undefined, commandId: string): boolean {
    return picture?.disturbed === true || [...(picture?.runs.values() ?? [])].some(({ adopted }) => adopted.has(commandId));
  }
}
