import { logged, type LogLevel } from '../contract/logged.ts';
import { jsonFault } from '../contract/wire/json.ts';
import { refuse } from './bug.ts';
import type { SentValue } from './image.ts';
import { type Passed, journal, offload, sending, sendingAgain, sendingUnlessNew } from './journal.ts';
import { nextPath, type ProcessRun, type Scope, type Signal } from './run.ts';
import { allocate } from './timers.ts';

const LINES_MAX = 100;

/** `ctx.log`. A replay repeats no line. A commit has at most 100 lines, and one more that says so. */
export function log(run: ProcessRun, level: LogLevel, message: string, fields?: object): void {
  if (run.expected) return;
  const lines = (run.lines ??= []);
  if (lines.length > LINES_MAX) return;
  const line = lines.length < LINES_MAX ? logged(level, message, fields) : logged('warn', LINES_LEFT_OUT);
  lines.push({ ...line, run: run.image.run, messageId: run.carrier.messageId, trace: run.trace });
}

const LINES_LEFT_OUT = `The code has logged more than ${LINES_MAX} lines in one commit: the others are left out.`;

/** `ctx.publish`, and the events that the kernel itself publishes. The event is put on the bus after this commit. */
export function issuePublish(run: ProcessRun, scope: Scope, event: string, value: Passed | SentValue): void {
  const path = nextPath(scope, event);
  const { data, version, hashes } =
    'schema' in value ? sending(run, 'EventPublished', path, value) : sendingAgain(run, 'EventPublished', path, value);
  const n = allocate(run, 'EventPublished', path);
  journal(run, { type: 'EventPublished', n, path, event, ...hashes });
  if (run.expected) return;
  const dataref = offload(run, data);
  run.image.pendingSends.push({
    n,
    kind: 'event',
    cause: run.carrier.cause,
    messageId: run.carrier.messageId,
    at: run.image.clock,
    event,
    data,
    ...(version !== undefined && { version }),
    hops: run.hops + 1,
    ...(dataref !== undefined && { dataref }),
    ...(run.trace !== undefined && { trace: run.trace }),
  });
}

/** `ctx.view`, and the state of a decider. The image keeps the latest view, which queries return after the end too. */
export function changeView(run: ProcessRun, scope: Scope, passed: Passed): void {
  const sent = sendingUnlessNew(run, 'ViewChanged', { scope, name: 'view' }, passed);
  if (!sent) return;
  const { path, input } = sent;
  const { data, hashes } = input;
  journal(run, { type: 'ViewChanged', path, ...hashes });
  const dataref = offload(run, data);
  run.image.view = dataref === undefined ? { data } : { data, dataref };
}

/** `ctx.tag`: tags for the filter of `list`. A new value replaces that of the same key; other tags stay. */
export function tag(run: ProcessRun, scope: Scope, tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) if (!run.expected) checkTag(run, key, value);
  journal(run, { type: 'Tagged', path: nextPath(scope, 'tag'), tags });
  run.image.tags = { ...run.image.tags, ...tags };
}

/** Refuses a tag that a store would silently change or could not find again. */
function checkTag(run: ProcessRun, key: string, value: unknown): void {
  const fault =
    key === '' ? 'its key is empty' : typeof value === 'string' ? (jsonFault(key) ?? jsonFault(value)) : 'its value is not a string';
  if (fault !== undefined) refuse(run, 'POISON', `${run.definition.name} was tagged with ${JSON.stringify(key)}: ${fault}.`);
}

/** Notes an event that the process has read and that waits for an answer. */
export function noteQuestion(run: ProcessRun, { event, id }: Pick<Signal, 'event' | 'id'>): void {
  if (isQuestion(run, event)) run.asked.push({ event, id });
}

function isQuestion({ definition }: ProcessRun, event: string): boolean {
  return [...definition.receives, ...definition.startOn].some((each) => each.event.type === event && each.event.answer !== undefined);
}

/** Takes back `noteQuestion`. Returns false if the process has answered the question already. */
export function withdrawQuestion(run: ProcessRun, { event, id }: Pick<Signal, 'event' | 'id'>): boolean {
  if (!isQuestion(run, event)) return true;
  const index = run.asked.findIndex((each) => each.event === event && each.id === id);
  return index >= 0 && run.asked.splice(index, 1).length > 0;
}

/** `ctx.answer`: journals the answer to the oldest event of this type that the process has read and not answered. */
export function answerEvent(run: ProcessRun, scope: Scope, event: string, passed: Passed): void {
  const question = run.asked.find((each) => each.event === event);
  if (!question) {
    refuse(run, 'POISON', `${run.definition.name} answers ${event}, but it has read none that waits for an answer.`);
    return;
  }
  run.asked.splice(run.asked.indexOf(question), 1);
  const path = nextPath(scope, `${event}/answer`);
  const { data, hashes } = sending(run, 'EventAnswered', path, passed);
  journal(run, { type: 'EventAnswered', path, event, id: question.id, ...hashes, data });
}
