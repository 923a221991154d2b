import type { Errand } from './worklist-system.ts';

/** What a person says, so long after the task has come on the list. */
export interface Saying {
  readonly afterMs: number;
  readonly refuses: boolean;
  readonly by: string;
}

/** What befalls one errand at the desk, and what its people say. */
export interface Plan {
  readonly errand: Errand;
  /** Runs of the handler that fail, before it comes to anything. */
  readonly stumbles: number;
  /** How long each run takes, in seconds; the last stands for all that follow. */
  readonly slow: readonly number[];
  /** The task comes on the list before the slow part: people may answer early. */
  readonly early: boolean;
  /** Which run does the errand itself and asks nobody; 0: none. */
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
  /** The list keeps keys: what was put on it once is never put on it again. */
  used: boolean;
  listed: boolean;
  withdrawn: boolean;
}

/** The foreign system: what people see, and what the desk takes off again. */
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
