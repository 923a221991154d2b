import type { PlantedBug } from './planted-bug.ts';

const scenario = 'inline-steps';
const file = 'lib/steps/find-step.ts';
const ISSUED = { file, find: "entries.findIndex((entry) => entry.type === 'CommandIssued' && entry.path === step)" } as const;

/** Bugs of the runner of `ctx.run`, which finds the functions of a step by a replay. No model has a row for them. */
export const stepBugs: readonly PlantedBug[] = [
  {
    name: 'STEP_STALE_FUNCTIONS',
    rows: [],
    scenario,
    what: 'The runner keeps the functions that it has found, and runs them for an equal step of another instance.',
    patches: [
      {
        file,
        find: 'return this.#replay(definition, place, journal.entries.slice(0, until));',
        plant: `const kept: Map<string, FoundStep | StepMissing> = ((this as any).kept ??= new Map());
    const known = PLANTED ? kept.get(step) : undefined;
    if (known) return known;
    const found = await this.#replay(definition, place, journal.entries.slice(0, until));
    kept.set(step, found);
    return found;`,
      },
    ],
  },
  {
    name: 'STEP_OF_LATER_ACTIVATION',
    rows: [],
    scenario,
    what: 'The runner replays the whole journal, so the body sees variables that later activations have changed.',
    patches: [
      {
        file,
        find: 'return next === -1 ? entries.length : next;',
        plant: 'return PLANTED || next === -1 ? entries.length : next;',
      },
    ],
  },
  {
    name: 'STEP_OF_RETRY',
    rows: [],
    scenario,
    what: 'The runner replays to the last command of a step, so a retried body sees variables that were changed after its first run.',
    patches: [
      {
        ...ISSUED,
        plant: `(PLANTED ? entries.findLastIndex((entry) => entry.type === 'CommandIssued' && entry.path === step) : ORIGINAL)`,
      },
    ],
  },
  {
    name: 'STEP_OF_OTHER_CODE',
    rows: [],
    scenario,
    what: 'The runner runs a body although its code differs from the journal.',
    patches: [
      { file, find: 'live.run.bug ? undefined : bodies.at(step)', plant: 'live.run.bug && !PLANTED ? undefined : bodies.at(step)' },
    ],
  },
  {
    name: 'STEP_OF_OTHER_VERSION',
    rows: [],
    scenario,
    what: 'A runner whose build does not list the version of the process runs the body of another version.',
    patches: [
      {
        file,
        find: 'this.#catalogue.definition(journal.definition)',
        plant: "(ORIGINAL ?? (PLANTED ? this.#catalogue.newest(journal.definition.split('@')[0]!) : undefined))",
      },
    ],
  },
  {
    name: 'STEP_REPLAYS_OTHER_BYTES',
    rows: [],
    scenario: 'programs',
    what: 'The code gets other random values in a replay of the runner than in the engine.',
    patches: [
      {
        file: 'lib/process/process-context.ts',
        find: 'const seed = `${pid}/',
        plant: "const seed = `${PLANTED && this.#run.environment.steps ? '' : pid}/",
      },
    ],
  },
];
