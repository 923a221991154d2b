/** The three parts that identify an instance. The pid is the same as one string, `tenant#process#id`. */
export interface InstanceKey {
  readonly tenant: string;
  readonly process: string;
  readonly id: string;
}

/** The tenant of an instance or a message that names none. */
export const DEFAULT_TENANT = 'default';

/**
 * The limit leaves room for the run, the number and `:completed` of a reply within the 300 characters of a wire id. The longest id fits with
 * the longest process name and the tenant `default`.
 */
const PID_LENGTH_MAX = 260;

/**
 * The characters of an instance id, as the content of a character class: no `#` and no `/`, which separate the parts of pids and command ids,
 * no space, and no character that SQS refuses in a message group id. Keys of a bucket contain them URI-encoded.
 */
export const ID_CHARACTERS = 'A-Za-z0-9.:_@+=,~!-';
/** The form of an instance id, for messages. */
export const INSTANCE_ID_FORM = '1 to 200 letters, digits and . : _ - @ + = , ~ !';

const INSTANCE_ID = new RegExp(`^[${ID_CHARACTERS}]{1,200}$`);
/**
 * The form of a tenant, as part of a pattern. One letter is not a tenant: a letter and `#` begin partitions of the table that belong to no
 * instance, such as `A#` for attempt counters, and a permission to read such a tenant would include them.
 */
export const TENANT_PATTERN = '[A-Za-z0-9._-]{2,64}';
/** The form of a tenant, for messages. */
export const TENANT_FORM = '2 to 64 letters, digits and . _ -';

const TENANT = new RegExp(`^${TENANT_PATTERN}$`);
const PID = new RegExp(`^(${TENANT_PATTERN})#([a-z][a-z0-9-]{0,63})#([${ID_CHARACTERS}]{1,200})$`);
const COMMAND_ID = /^([^/]{1,260})\/([A-Za-z0-9_-]{1,32})\/(0|[1-9]\d{0,9})$/;

/** Whether `id` is a valid instance id: see `INSTANCE_ID_FORM`. */
export function isInstanceId(id: unknown): id is string {
  return typeof id === 'string' && INSTANCE_ID.test(id);
}

/** Whether `tenant` is a valid tenant: see `TENANT_FORM`. */
export function isTenant(tenant: unknown): tenant is string {
  return typeof tenant === 'string' && TENANT.test(tenant);
}

/** The pid. Undefined if the tenant or the id, which may come from data, is invalid or the pid is longer than 260 characters. */
export function buildPid(tenant: string, process: string, id: string): string | undefined {
  if (!isInstanceId(id) || !isTenant(tenant)) return undefined;
  const pid = `${tenant}#${process}#${id}`;
  return pid.length <= PID_LENGTH_MAX ? pid : undefined;
}

/** The parts of a pid; undefined if the text is not a pid. */
export function parsePid(pid: string): InstanceKey | undefined {
  if (pid.length > PID_LENGTH_MAX) return undefined;
  const match = PID.exec(pid);
  return match === null ? undefined : { tenant: match[1] as string, process: match[2] as string, id: match[3] as string };
}

/** The tenant of a message or a client that may name one. */
export function tenantOf({ tenant = DEFAULT_TENANT }: { readonly tenant?: string }): string {
  return tenant;
}

/** The tenant in a pid, `tenant#process#id`. */
export function tenantOfPid(pid: string): string {
  return pid.slice(0, Math.max(0, pid.indexOf('#')));
}

/** The process name in a pid, `tenant#process#id`. */
export function processOf(pid: string): string {
  const from = pid.indexOf('#') + 1;
  const to = pid.indexOf('#', from);
  return to === -1 ? pid.slice(from) : pid.slice(from, to);
}

/** An instance for a reader: `book-trip t-1`. */
export function instanceText(pid: string): string {
  return pid.slice(pid.indexOf('#') + 1).replace('#', ' ');
}

/** The parts of a command id: the instance, its run, and the number within the run. */
export interface CommandKey {
  readonly pid: string;
  readonly run: string;
  readonly n: number;
}

/** The command id `pid/run/n`. It is equal on every re-send, and unique even if an instance id is reused, because the run differs. */
export function buildCommandId(pid: string, run: string, n: number): string {
  return `${pid}/${run}/${n}`;
}

/** The pid in a command id; `''` if the text is not a command id. */
export function pidOfCommand(commandId: string): string {
  return parseCommandId(commandId)?.pid ?? '';
}

/** The parts of a command id; undefined if the text is not a command id. */
export function parseCommandId(commandId: string): CommandKey | undefined {
  const match = COMMAND_ID.exec(commandId);
  if (match === null || parsePid(match[1] as string) === undefined) return undefined;
  return { pid: match[1] as string, run: match[2] as string, n: Number(match[3]) };
}
