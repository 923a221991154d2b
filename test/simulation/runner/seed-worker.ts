import { runSeed } from './run-seed.ts';
import { serveSeeds } from './serve-seeds.ts';

serveSeeds(runSeed);
