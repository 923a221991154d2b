import { keyPid, SUBSCRIBE, type KeyName } from '../contract/keys.ts';
import type { Json } from '../contract/schema.ts';
import { tenantOfPid } from '../contract/wire/process-id.ts';
import { issueEngineCommand } from './engine-commands.ts';
import { identityOf } from './identity.ts';
import type { Image, OpenCommand, Subscription } from './image.ts';
import type { RecordedFact } from './journal-entry.ts';
import { sendingAgain } from './journal.ts';
import type { ProcessRun } from './run.ts';

/**
 * The subscriber's side of a key (docs/protocol.md#keys). The first wait for a key issues an engine command to it, and the run holds the
 * subscription until it ends. A later wait of the run for the same key finds it there.
 *
 * @param path of the wait
 */
export function subscribe(run: ProcessRun, path: string, name: KeyName, deliver: 'first' | undefined): void {
  const held = `${name.event} ${name.key}`;
  run.keys ??= new Set();
  if (run.keys.has(held)) return;
  run.keys.add(held);
  const { image, environment } = run;
  const owner = keyPid((of) => identityOf(environment.hash, of), tenantOfPid(image.pid), name);
  const command = issueSubscribe(run, { path: `${path}/subscribe`, owner, data: { ...name, ...(deliver && { deliver }) } });
  image.subscriptions = [...(image.subscriptions ?? []), { run: image.run, n: command.n, owner, event: name.event, key: name.key }];
}

/** The key has replied. If it has too many subscribers, the instance is stuck until an operator resumes it. */
export function subscribed(run: ProcessRun, command: OpenCommand, fact: Extract<RecordedFact, { type: 'CommandAnswered' }>): void {
  if (fact.outcome === 'completed') return;
  const { message } = fact.data as unknown as { readonly message: string };
  // `resume` issues it again, under a new number.
  run.image.commands.set(command.n, { ...command, due: Infinity });
  run.stuck = { code: 'KEY_TOO_WIDE', n: command.n, definite: true, message };
}

/** Subscribes again, after a refusal. */
export function subscribeAgain(run: ProcessRun, before: OpenCommand): void {
  const { image } = run;
  const { path, owner, input, n, run: issuedBy = image.run } = before;
  const again = issueSubscribe(run, { path, owner: owner as string, data: input });
  image.subscriptions = (image.subscriptions ?? []).map((each) =>
    isOf(each, issuedBy, n) ? { ...each, run: image.run, n: again.n } : each,
  );
}

/** The message waits in the inbox until the key has it, so the command is not sent again. */
function issueSubscribe(
  run: ProcessRun,
  { path, owner, data }: { readonly path: string; readonly owner: string; readonly data: Json },
): OpenCommand {
  const input = sendingAgain(run, 'CommandIssued', path, { data });
  const command = issueEngineCommand(run, { name: SUBSCRIBE, owner, path, input, mode: 'send' });
  command.due = Infinity;
  return command;
}

/** Whether the instance holds a subscription: a key forwards to it, and gets back what comes later. */
export function holdsSubscription({ subscriptions = [] }: Image, run: string, n: number): boolean {
  return subscriptions.some((each) => isOf(each, run, n));
}

function isOf(subscription: Subscription, run: string, n: number): boolean {
  return subscription.run === run && subscription.n === n;
}

/** The run ends: it unsubscribes from each key. */
export function unsubscribe(run: ProcessRun, left: readonly Subscription[]): void {
  const { image, carrier } = run;
  delete image.subscriptions;
  image.pendingSends.push({ n: 0, kind: 'unsubscribe', cause: carrier.cause, messageId: carrier.messageId, at: image.clock, left });
}
