import type { Json } from '../contract/schema.ts';
import type { PriceList } from './prices.ts';

/** The parts of the API that a `Reach` does not have. */
export interface ConsoleOptions {
  /** `the folder .tutti`. */
  readonly place: string;
  /** `--local .tutti`. */
  readonly option: string;
  /** The AWS region of the system. @default unknown */
  readonly region?: string;
  /** The prices that the cost is computed with. @default the list prices of us-east-1 */
  readonly prices?: PriceList;
  /** Why no operation is possible. @default each operation is tried */
  readonly readOnly?: string;
  /** Data of events, by type: the page offers them as forms of further events. Each type has at least one. @default none */
  readonly examples?: ReadonlyMap<string, readonly Json[]>;
  /** Why this person may only read. @default each operation is tried */
  readonly denied?: string;
}
