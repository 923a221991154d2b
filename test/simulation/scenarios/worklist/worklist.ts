import type { Errand } from './worklist-system.ts';

/** The answer of one person, `afterMs` after the task came on the list. */
export interface Saying {
  readonly afterMs: number;
  readonly refuses: boolean;
  readonly by: string;
}

/** How the desk handles one errand, and how people answer it. */
export interface Plan {
  readonly errand: Errand;
  /** The number of runs that fail before the handler does anything. */
  readonly stumbles: number;
  /** The duration of each run, in seconds. The last is that of all further runs. */
  readonly slow: readonly number[];
  /** The task comes on the list before the slow part, so people may answer early. */
  readonly early: boolean;
  /** The number of the run that does the errand itself, without a person. 0: none does. */
  readonly direct: number;
  readonly cancelStumbles: number;
  readonly cancelSeconds: number;
  readonly sayings: readonly Saying[];
}

/** A task of the list, by the id of its command. */
export interface Item {
  readonly label: string;
  runs: number;
  cancels: number;
  /** The list keeps keys. A task that was on it once never comes on it again. */
  used: boolean;
  listed: boolean;
  withdrawn: boolean;
}

/** The foreign system. People see its tasks, and the desk takes them off again. */
export class Worklist {
  readonly items = new Map<string, Item>();

  item(commandId: string, label: string): Item {
    let item = this.items.get(commandId);
    if (item === undefined) {
      item = { label, runs: 0, cancels: 0, used: false, listed: false, withdrawn: false };
      this.items.set(commandId, item);
    }
    return item;
  }
}
