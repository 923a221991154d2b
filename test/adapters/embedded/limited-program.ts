/** Writes values until the operating system takes no more, prints how many were confirmed, and is killed. */
import { writeSync } from 'node:fs';
import { openTables } from '../../../lib/adapters/embedded/tables.ts';

const faults: unknown[] = [];
const tables = openTables(process.argv[2] as string, {
  checkpointLength: 1e9,
  stalled: (error) => faults.push((error as { readonly code?: unknown }).code),
});
let confirmed = 0;
try {
  for (;;) {
    tables.payloads.set(`k${confirmed}`, 'x'.repeat(100_000) + confirmed);
    await tables.log.durableOrRefused();
    confirmed += 1;
  }
} catch {
  writeSync(1, JSON.stringify({ confirmed, faults }));
  process.kill(process.pid, 'SIGKILL');
}
