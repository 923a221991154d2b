export interface Detail {
  readonly tutti?: unknown;
  readonly owner?: unknown;
  readonly event?: Detail;
  ref?: unknown;
  readonly specversion?: unknown;
  readonly id?: unknown;
  readonly source?: unknown;
  readonly type?: unknown;
  readonly commandid?: unknown;
  readonly process?: unknown;
  data?: unknown;
  dataref?: unknown;
  readonly datahash?: unknown;
}

export interface Referring {
  readonly body: unknown;
  /** The source that the bus has authenticated. */
  readonly source: unknown;
  /** The internal message that carries the data. */
  readonly whole: Detail | undefined;
  readonly own: Detail | undefined;
  /** The part of the body that has the reference. */
  readonly detail: Detail;
  readonly dataref: string;
  /** Reads JSON as the engine does. */
  readonly read: (text: string) => unknown;
}

/** The payload store does not hold the data: it lags, or the data is gone. */
export const MISSING: unique symbol = Symbol('missing');
/** The `dataref` names data that the sender of the message did not store. */
export const FOREIGN: unique symbol = Symbol('foreign');
/** The stored data has another hash than the message. */
export const ALTERED: unique symbol = Symbol('altered');

/** The stored data is larger than any value may be. */
export const TOO_LARGE: unique symbol = Symbol('too large');
