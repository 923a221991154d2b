/** A message as a process receives it, with parsed data. */
export interface Message<N extends string = string, T = unknown> {
  readonly type: N;
  readonly data: T;
  readonly id: string;
  readonly source: string;
  readonly subject?: string;
  /** ISO 8601, UTC. */
  readonly time: string;
}
