import type { PlantedBug } from './planted-bug.ts';

/** The design errors of child.pml, about a parent and its child. */
export const childBugs: readonly PlantedBug[] = [
  {
    name: 'CHILD_REFUSAL_FORGOTTEN',
    rows: ['child.pml | CHILD_REFUSAL_FORGOTTEN'],
    scenario: 'children',
    what: 'A child that refuses a start does not remember it, so a duplicate begins a run that its parent does not know.',
    patches: [
      {
        file: 'lib/engine/advance/child-start.ts',
        find: 'remember(image.starts, identity);',
        plant: 'if (!PLANTED) ORIGINAL',
      },
    ],
  },
  {
    name: 'CHILD_BY_ID_ONLY',
    rows: ['child.pml | CHILD_BY_ID_ONLY'],
    scenario: 'children',
    what: 'A child is found by its id alone: the command of another parent counts as that of its own.',
    patches: [
      {
        file: 'lib/engine/admit/admit-command.ts',
        find: "event: '#command', id: commandid",
        plant: "event: '#command', id: PLANTED ? owner : commandid",
      },
    ],
  },
  {
    name: 'CHILD_DROPPED_AT_CLOSE',
    rows: ['child.pml | CHILD_DROPPED_AT_CLOSE'],
    scenario: 'children',
    what: 'A parent that ends drops the command of a detached child, which then never begins.',
    patches: [
      {
        file: 'lib/core/ending.ts',
        find: "command.mode === 'send' || command.detached || command.owner !== undefined",
        plant: "command.mode === 'send' || (!PLANTED && (command.detached || command.owner !== undefined))",
      },
    ],
  },
  {
    name: 'CHILD_LEFT_RUNNING',
    rows: ['child.pml | CHILD_LEFT_RUNNING'],
    scenario: 'children',
    what: 'A parent that is cancelled drops the command of its child, which runs on.',
    patches: [
      {
        file: 'lib/core/issue.ts',
        find: 'step.undoable || command.deferred || command.owner !== undefined',
        plant: 'step.undoable || command.deferred || (!PLANTED && command.owner !== undefined)',
      },
    ],
  },
  {
    name: 'CHILD_NO_TOMB',
    rows: ['child.pml | CHILD_NO_TOMB'],
    elusive:
      'The parent asks again until the child has begun and is cancelled; test/children/lost-and-late.test.ts delivers the start after the cancel.',
    what: 'A child that is given up before it has begun leaves no run, so a start that comes late begins one.',
    patches: [
      {
        file: 'lib/core/children.ts',
        find: "if (!image || image.status === 'early') return 'apply';",
        plant: "if (!image || image.status === 'early') return PLANTED && parent.cancel ? 'dup' : 'apply';",
      },
    ],
  },
];
