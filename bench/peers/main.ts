/** `npm run bench:peers`: one workload on Tutti, on other orchestrators and on plain SQLite. See docs/performance.md. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bookingOf, PACKAGES, PEERS_FOLDER, peers, STEPS, type Peer } from './peers.ts';

const USAGE = `Usage: npm run bench:peers -- [PEER…] [--at-once 1,50,200] [--seconds 5] [--runs 3]
  PEER  ${Object.keys(peers).join(', ')} (default: all). bullmq needs redis-server, dbos PostgreSQL, both of Debian`;

interface Cell {
  readonly peer: string;
  readonly atOnce: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU milliseconds of all its processes, a booking. */
  readonly cpuMs: number;
  readonly versions: string;
  readonly durability: string;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'at-once': { type: 'string', default: '1,50,200' },
    seconds: { type: 'string', default: '5' },
    runs: { type: 'string', default: '3' },
    cell: { type: 'string' },
  },
});
const seconds = Number(values.seconds);

if (values.cell !== undefined) {
  const [name = '', atOnce = ''] = values.cell.split(':');
  console.log(JSON.stringify(await measuredCell(name, Number(atOnce))));
  process.exit(0);
}
const asked = positionals.length === 0 ? Object.keys(peers) : positionals;
if (!(seconds > 0) || asked.some((name) => !(name in peers))) {
  console.error(USAGE);
  process.exit(2);
}
install();
const cells: Cell[] = [];
for (let run = 1; run <= Number(values.runs); run += 1)
  for (const atOnce of values['at-once'].split(','))
    for (const name of asked) {
      process.stderr.write(`run ${run}: ${name}, ${atOnce} at once (load ${loadavg()[0]?.toFixed(1)})\n`);
      const cell = cellOf(name, atOnce);
      if (cell !== undefined) cells.push(cell);
    }
printTable(cells);

function install(): void {
  mkdirSync(PEERS_FOLDER, { recursive: true });
  // Without a manifest of its own, npm would install into the project.
  const manifest = `${JSON.stringify({ name: 'peers', private: true, dependencies: PACKAGES }, undefined, 2)}\n`;
  const file = join(PEERS_FOLDER, 'package.json');
  const isInstalled = Object.keys(PACKAGES).every((name) => existsSync(join(PEERS_FOLDER, 'node_modules', name)));
  if (isInstalled && existsSync(file) && readFileSync(file, 'utf8') === manifest) return;
  writeFileSync(file, manifest);
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: PEERS_FOLDER, stdio: 'inherit' });
}

/** A process for each cell, so that none runs on what another has warmed or left. */
function cellOf(name: string, atOnce: string): Cell | undefined {
  const words = [...process.execArgv, fileURLToPath(import.meta.url), '--cell', `${name}:${atOnce}`, '--seconds', String(seconds)];
  const env = { ...process.env, NODE_ENV: 'production' };
  const { stdout, status } = spawnSync(process.execPath, words, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] });
  if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Cell;
  console.error(`${name} did not run.`);
  return undefined;
}

async function measuredCell(name: string, atOnce: number): Promise<Cell> {
  const peer = await (peers[name] as (typeof peers)[string])(atOnce);
  let issued = 0;
  /** Keeps so many bookings in flight until the time is up. Returns their latencies. */
  const load = async (milliseconds: number): Promise<number[]> => {
    const latencies: number[] = [];
    const ends = performance.now() + milliseconds;
    const lane = async (): Promise<void> => {
      while (performance.now() < ends) {
        const booking = bookingOf(`trip-${(issued += 1)}`);
        const began = performance.now();
        const refs = await peer.book(booking);
        latencies.push(performance.now() - began);
        if (refs.length !== STEPS.length || refs.some((ref, at) => ref !== `${STEPS[at]}-${booking.id}`))
          throw new Error(`${name} returned ${JSON.stringify(refs)} for ${booking.id}.`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    return latencies;
  };
  try {
    await load(2_000);
    const [began, cpu] = [performance.now(), cpuMs(peer)];
    const latencies = (await load(seconds * 1_000)).sort((left, right) => left - right);
    const passed = performance.now() - began;
    const at = (share: number): number => latencies[Math.floor(share * (latencies.length - 1))] ?? 0;
    return {
      peer: name,
      atOnce,
      perSecond: latencies.length / (passed / 1_000),
      p50: at(0.5),
      p99: at(0.99),
      cpuMs: (cpuMs(peer) - cpu) / latencies.length,
      versions: peer.versions,
      durability: peer.durability,
    };
  } finally {
    await peer.stop();
  }
}

/** CPU of this process, and of the trees of the others. */
function cpuMs({ pids }: Peer): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000 + treeTicks(pids) * 10;
}

function treeTicks(roots: readonly number[]): number {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const text = readFileSync(`/proc/${name}/stat`, 'latin1');
        const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
        return [{ pid: Number(name), parent: Number(fields[1]), ticks: [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) }];
      } catch {
        return [];
      }
    });
  const tree = new Set(roots);
  for (const pid of tree) for (const stat of stats) if (stat.parent === pid) tree.add(stat.pid);
  return stats.reduce((sum, { pid, ticks }) => sum + (tree.has(pid) ? ticks : 0), 0);
}

function printTable(all: readonly Cell[]): void {
  const median = (numbers: readonly number[]): number => numbers.toSorted((left, right) => left - right)[numbers.length >> 1] ?? 0;
  const short = (value: number): string => Number(value.toPrecision(3)).toLocaleString('en');
  console.log(
    `${cpus().length} × ${cpus()[0]?.model}, Linux ${release()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n`,
  );
  console.log('| at once | peer | bookings/s (least–most) | p50 ms | p99 ms | CPU ms a booking | versions | durability |');
  console.log('|---|---|---|---|---|---|---|---|');
  for (const key of new Set(all.map(({ peer, atOnce }) => `${atOnce} ${peer}`))) {
    const runs = all.filter(({ peer, atOnce }) => `${atOnce} ${peer}` === key);
    const of = (name: 'perSecond' | 'p50' | 'p99' | 'cpuMs'): number[] => runs.map((run) => run[name]);
    const rates = of('perSecond');
    const [atOnce, peer] = key.split(' ');
    const { versions, durability } = runs[0] as Cell;
    console.log(
      `| ${atOnce} | ${peer} | ${short(median(rates))} (${short(Math.min(...rates))}–${short(Math.max(...rates))}) | ${short(median(of('p50')))} | ` +
        `${short(median(of('p99')))} | ${short(median(of('cpuMs')))} | ${versions} | ${durability} |`,
    );
  }
}
