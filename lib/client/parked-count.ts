import type { ClientPorts } from './connection.ts';

/** Number of parked events of an instance, by the code of their reason. */
export type ParkedCount = Readonly<Record<string, number>>;

export async function parkedCount({ parking }: Pick<ClientPorts, 'parking'>, pid: string): Promise<ParkedCount> {
  const counts: Record<string, number> = {};
  for (const { reason } of await parking.parked(pid)) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

export function totalParked(counts: ParkedCount): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
