import type { SystemContract } from '../../contract/runtime-contract.ts';
import { commandText } from '../../contract/steps.ts';
import type { JournalEntry } from '../../core/journal-entry.ts';
import type { Head } from '../../ports/process-store.ts';
import type { Reach } from '../connection.ts';
import { readHeadJournal } from './journal-view.ts';

/** An effect that a terminated instance leaves: a completed command with an undo that was not run. */
export interface Standing {
  /** Path of its step. */
  readonly step: string;
  readonly command: string;
  /** The key under which the called system knows the effect. */
  readonly commandId: string;
}

/** The effects that stay, in the order of the journal. Only a terminated instance has any: every other end undoes them, or keeps them by choice. */
export async function standingOf({ system, ports }: Reach, head: Head): Promise<readonly Standing[]> {
  if (head.status !== 'terminated') return [];
  return standingIn(await readHeadJournal(ports, head, { payloads: false }), { system, pid: head.pid, run: head.run });
}

interface RunOf {
  readonly system: Pick<SystemContract, 'commands'>;
  readonly pid: string;
  readonly run: string;
}

function standingIn(entries: readonly JournalEntry[], { system, pid, run }: RunOf): Standing[] {
  const standing = new Map<number, Standing>();
  const undoes = new Map<number, number>();
  const issued = new Map<number, Standing>();
  for (const entry of entries) {
    if (entry.type === 'CommandIssued') {
      const { n, path, command } = entry;
      if (entry.undoes !== undefined) undoes.set(n, Number(entry.undoes.slice(entry.undoes.lastIndexOf('/') + 1)));
      else if (system.commands.get(command)?.undo)
        issued.set(n, { step: path, command: commandText(command, path), commandId: `${pid}/${run}/${n}` });
    } else if (entry.type === 'CommandAnswered' && entry.outcome === 'completed') {
      const done = issued.get(entry.n);
      if (done && !entry.late) standing.set(entry.n, done);
      standing.delete(undoes.get(entry.n) ?? 0);
    }
  }
  return [...standing.values()];
}
