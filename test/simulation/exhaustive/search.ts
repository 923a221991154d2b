import { Command } from 'commander';
import { configurations } from './configurations.ts';
import { explore, shortestViolation, trace } from './explore.ts';
import { mutants } from './mutants.ts';

const command = new Command('exhaustive')
  .description('Runs all interleavings of two workers in small cases, with a limited number of faults.')
  .option('--faults <count>', 'faults in one schedule, at most', '1')
  .option('--warm', 'workers keep their engines from batch to batch')
  .option('--mutants', 'show the shortest schedule that finds each planted fault instead')
  .option('--only <part>', 'search only the cases whose name has this part')
  .parse();
const {
  faults,
  warm = false,
  mutants: showsMutants = false,
  only = '',
} = command.opts<{ readonly faults: string; readonly warm?: boolean; readonly mutants?: boolean; readonly only?: string }>();

const showMutants = async (): Promise<void> => {
  const all = await configurations();
  for (const { name, mutant, shownBy, faults: allowed, warm: needsWarm = warm } of mutants) {
    if (!name.includes(only)) continue;
    const configuration = all.find((each) => each.name === shownBy)!;
    const options = { faults: allowed, warm: needsWarm, mutant };
    const violation = await shortestViolation(configuration, options);
    console.log(`\nAn engine that ${name}: ${shownBy}`);
    for (const line of violation ? await trace(configuration, options, violation) : ['  →  NOT FOUND']) console.log(line);
    if (!violation) process.exitCode = 1;
  }
};

const showTable = async (): Promise<void> => {
  console.log('faults  executions    states   choices     ends  longest  seconds  case');
  for (const configuration of await configurations()) {
    if (!configuration.name.includes(only)) continue;
    for (let allowed = 0; allowed <= Number(faults); allowed += 1) {
      const options = { faults: allowed, warm };
      const begun = process.cpuUsage();
      const { executions, states, choicePoints, ends, longest, violation } = await explore(configuration, options);
      const seconds = (process.cpuUsage(begun).user / 1e6).toFixed(1);
      const figures = [executions, states, choicePoints, ends, longest, seconds];
      const widths = [11, 9, 9, 8, 8, 8];
      console.log(
        `${String(allowed).padStart(6)} ${figures.map((figure, i) => String(figure).padStart(widths[i] as number)).join(' ')}  ${configuration.name}`,
      );
      if (!violation) continue;
      process.exitCode = 1;
      const shortest = (await shortestViolation(configuration, options)) ?? violation;
      for (const line of await trace(configuration, options, shortest)) console.log(line);
      break;
    }
  }
};

await (showsMutants ? showMutants() : showTable());
