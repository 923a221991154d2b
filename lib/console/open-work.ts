import { STEPS } from '../contract/steps.ts';
import { instantText } from '../contract/wire/wire.ts';
import { commandIdOf, type Image, type OpenCommand } from '../core/image.ts';
import { decodeHead, formatFault } from '../format/head-codec.ts';
import type { Reach } from '../client/connection.ts';
import { namesOf, readValue } from '../client/instance.ts';
import { matchingHeads } from '../client/list.ts';
import type { Head } from '../ports/process-store.ts';
import { cursorAfter, cursorOf } from './instance-rows.ts';
import type { Call } from './route.ts';
import type { ServiceRow, ServicesView, TaskRow, TasksView } from './views.ts';

/** Running instances that a list of open work reads, the newest. */
const SAMPLE = 2_000;

interface OpenWork {
  readonly image: Image;
  readonly command: OpenCommand;
}

interface Sample {
  readonly open: readonly OpenWork[];
  readonly read: number;
  /** The cursor of the next sample, of older instances. */
  readonly next?: string;
}

/** The open commands of the newest running instances, or of those behind a cursor. */
async function openWork(reach: Reach, process?: string, after?: string): Promise<Sample> {
  const open: OpenWork[] = [];
  const cursor = cursorOf(after);
  let read = 0;
  let last: Head | undefined;
  const filter = { status: 'running', ...(process !== undefined && { process: { name: process } }) } as const;
  for await (const head of matchingHeads(reach, filter, cursor)) {
    if (read === SAMPLE) return { open, read, next: cursorAfter(last as Head) };
    read += 1;
    last = head;
    if (formatFault(head) !== undefined) continue;
    const image = decodeHead(head);
    for (const command of image.commands.values()) if (command.owner === undefined) open.push({ image, command });
  }
  return { open, read };
}

/** The deferred commands: the tasks of people and of other programs. */
export async function tasksView({ reach, query }: Call): Promise<TasksView> {
  const { open, read, next } = await openWork(reach, query.text('process'), query.text('after'));
  const wanted = query.text('command');
  const deferred = open.filter(({ command }) => command.deferred && !command.settling && (!wanted || command.command === wanted));
  const tasks = await Promise.all(deferred.map((work) => taskRow(reach, work)));
  return {
    tasks: tasks.toSorted((one, other) => one.since.localeCompare(other.since)),
    read,
    ...(next !== undefined && { next }),
    asOf: instantText(reach.ports.clock.now()),
  };
}

async function taskRow({ ports }: Reach, { image, command }: OpenWork): Promise<TaskRow> {
  const { path, since, deadline, input, inputRef } = command;
  return {
    ...namesOf(image.pid),
    step: path,
    command: command.command,
    commandId: commandIdOf(image, command),
    since: instantText(since),
    ...(deadline !== undefined && { deadline: instantText(deadline) }),
    input: inputRef === undefined ? input : await readValue(ports.payloads, image.pid, { dataref: inputRef }),
    ...(image.tags && { tags: image.tags }),
  };
}

/** Each service with its queue, and with the open commands that the newest running instances have sent to it. */
export async function servicesView({ reach }: Call): Promise<ServicesView> {
  const { open, read, next } = await openWork(reach);
  const byService = new Map<string, OpenWork[]>();
  for (const name of reach.system.services.keys()) if (name !== STEPS) byService.set(name, []);
  for (const work of open) {
    const name = serviceOf(work.command.command);
    if (name === STEPS) continue;
    byService.set(name, [...(byService.get(name) ?? []), work]);
  }
  const services = await Promise.all(
    [...byService].map(async ([name, works]) => ({
      ...serviceRow(reach, name, works),
      sampled: read,
      ...(await reach.ports.queueDepth?.(name)),
    })),
  );
  return { services, ...(next !== undefined && { more: true as const }), asOf: instantText(reach.ports.clock.now()) };
}

function serviceRow({ ports }: Reach, name: string, works: readonly OpenWork[]): Omit<ServiceRow, 'sampled'> {
  const [oldest] = works.toSorted((one, other) => one.command.since - other.command.since);
  const failing = works.filter(({ command }) => command.retries > 0 || command.attempt > 1 || command.unknown !== undefined);
  const lastError = works.map(({ image, command }) => ports.faultOf?.(commandIdOf(image, command))).findLast((text) => text !== undefined);
  const unknown = works.findLast(({ command }) => command.unknown?.lastError)?.command.unknown?.lastError;
  const error = lastError ?? (unknown && `${unknown.code}: ${unknown.message}`);
  const { process, id } = namesOf(oldest?.image.pid ?? '');
  return {
    name,
    open: works.length,
    ...(oldest && { oldest: { since: instantText(oldest.command.since), command: oldest.command.command, process, id } }),
    failing: failing.length,
    ...(error !== undefined && { lastError: error }),
  };
}

function serviceOf(command: string): string {
  return command.slice(0, command.lastIndexOf('.'));
}
