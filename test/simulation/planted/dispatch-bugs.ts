import type { PlantedBug } from './planted-bug.ts';

/** Errors about the values of `ctx.dispatch`, for which no code vouches. No model has them, because the commit protocol is the same. */
export const dispatchBugs: readonly PlantedBug[] = [
  {
    name: 'REFUSAL_DECIDED_AGAIN',
    rows: [],
    scenario: 'evolving',
    what: 'A replay checks a refused value by the contract of its own build, which may accept it.',
    patches: [
      {
        file: 'lib/core/dispatch.ts',
        find: "const recorded = run.expected?.recorded('DispatchRefused', path);",
        plant: "const recorded = PLANTED ? undefined : run.expected?.recorded('DispatchRefused', path);",
      },
    ],
  },
  {
    name: 'DISPATCH_DECIDED_AGAIN',
    rows: [],
    scenario: 'evolving',
    what: 'A replay checks the value of an issued command by the contract of its own build, which may refuse it.',
    patches: [
      {
        file: 'lib/core/dispatch.ts',
        find: "const issued = run.expected?.recorded('CommandIssued', path);",
        plant: "const issued = PLANTED ? undefined : run.expected?.recorded('CommandIssued', path);",
      },
    ],
  },
  {
    name: 'REFUSAL_THROWN',
    rows: [],
    scenario: 'programs',
    what: 'A value that does not fit its schema is thrown into the process, which is a bug and leaves the instance stuck.',
    patches: [
      {
        file: 'lib/core/dispatch.ts',
        find: 'if (!issued) return',
        plant: 'if (PLANTED && !issued) throw sent.fault;\n  ORIGINAL',
      },
    ],
  },
];
