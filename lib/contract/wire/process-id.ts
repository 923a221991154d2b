/** An instance by its three parts; as one string, the pid, it is `tenant#process#id`. */
export interface InstanceKey {
  readonly tenant: string;
  readonly process: string;
  readonly id: string;
}

/** The tenant of everything that names none. */
export const DEFAULT_TENANT = 'default';

/**
 * With the run, the number and `:completed` of a reply behind it, a pid of this length stays within the 300 characters of a wire id. The
 * longest id fits with the longest name of a process and the tenant `default`.
 */
const PID_LENGTH_MAX = 260;

/**
 * The characters of an instance id, as they stand between the brackets of a pattern: no `#` and no `/`, which part pids and command ids, no
 * space, and nothing that SQS refuses in a message group. In the key of a bucket they are URI-encoded.
 */
export const ID_CHARACTERS = 'A-Za-z0-9.:_@+=,~!-';
/** What an instance id may be, for a message. */
export const INSTANCE_ID_FORM = '1 to 200 letters, digits and . : _ - @ + = , ~ !';

const INSTANCE_ID = new RegExp(`^[${ID_CHARACTERS}]{1,200}$`);
/**
 * The characters of a tenant, as part of a pattern. One letter is no tenant: with `#` behind it, it begins the partitions of the table that
 * are no instance's, as `A#` those of attempt counters, and the right to read a tenant would reach them.
 */
export const TENANT_PATTERN = '[A-Za-z0-9._-]{2,64}';
/** What a tenant may be, for a message. */
export const TENANT_FORM = '2 to 64 letters, digits and . _ -';

const TENANT = new RegExp(`^${TENANT_PATTERN}$`);
const PID = new RegExp(`^(${TENANT_PATTERN})#([a-z][a-z0-9-]{0,63})#([${ID_CHARACTERS}]{1,200})$`);
const COMMAND_ID = /^([^/]{1,260})\/([A-Za-z0-9_-]{1,32})\/(0|[1-9]\d{0,9})$/;

/** Whether `id` may name an instance: see `INSTANCE_ID_FORM`. */
export function isInstanceId(id: unknown): id is string {
  return typeof id === 'string' && INSTANCE_ID.test(id);
}

/** Whether `tenant` may name a tenant. */
export function isTenant(tenant: unknown): tenant is string {
  return typeof tenant === 'string' && TENANT.test(tenant);
}

/** The pid, or undefined where the id, which data may have named, cannot be one or makes the pid longer than 260 characters. */
export function buildPid(tenant: string, process: string, id: string): string | undefined {
  if (!isInstanceId(id) || !isTenant(tenant)) return undefined;
  const pid = `${tenant}#${process}#${id}`;
  return pid.length <= PID_LENGTH_MAX ? pid : undefined;
}

/** The parts of a pid, or undefined where the text is none. */
export function parsePid(pid: string): InstanceKey | undefined {
  if (pid.length > PID_LENGTH_MAX) return undefined;
  const match = PID.exec(pid);
  return match === null ? undefined : { tenant: match[1] as string, process: match[2] as string, id: match[3] as string };
}

/** A command by its instance, the run of it and the number within the run. */
export interface CommandKey {
  readonly pid: string;
  readonly run: string;
  readonly n: number;
}

/** `pid/run/n`: equal on every re-send, and unique even when an id is used again, because the run is new. */
export function buildCommandId(pid: string, run: string, n: number): string {
  return `${pid}/${run}/${n}`;
}

/** The pid in a command id; `''` where the text is no command id. */
export function pidOfCommand(commandId: string): string {
  return parseCommandId(commandId)?.pid ?? '';
}

/** The parts of a command id, or undefined where the text is none. */
export function parseCommandId(commandId: string): CommandKey | undefined {
  const match = COMMAND_ID.exec(commandId);
  if (match === null || parsePid(match[1] as string) === undefined) return undefined;
  return { pid: match[1] as string, run: match[2] as string, n: Number(match[3]) };
}
