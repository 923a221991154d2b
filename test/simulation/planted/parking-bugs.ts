import { OWED } from './pieces.ts';
import type { PlantedBug } from './planted-bug.ts';

const LOOKS_AGAIN = {
  file: 'lib/engine/acknowledge/get-stuck.ts',
  find: "if (head?.status === 'stuck' || head?.paused !== undefined) return true;",
} as const;

export const parkingBugs: readonly PlantedBug[] = [
  {
    name: 'PARK_NO_REREAD',
    rows: ['parking.pml | PARK_NO_REREAD', 'pause.pml | PAUSED_NO_REREAD', 'correctness.md | 69'],
    what: 'A worker that has parked an event beside a stuck instance does not check that the instance is still stuck.',
    patches: [{ ...LOOKS_AGAIN, plant: 'if (PLANTED) return true;\n  ORIGINAL' }],
  },
  {
    name: 'PARK_OPERATOR',
    rows: ['parking.pml | PARK_OPERATOR'],
    what: 'A resume is parked beside the stuck instance, as an event is.',
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: 'switch (operator.act) {',
        plant: "if (PLANTED && operator.act === 'resume' && image.status === 'stuck') return 'park';\n  ORIGINAL",
      },
    ],
  },
  {
    name: 'NACK_UNPARKS',
    rows: ['parking.pml | NACK_UNPARKS'],
    what: 'A worker that finds the instance running again marks the parked event as redriven, because it releases the message.',
    patches: [
      {
        ...LOOKS_AGAIN,
        plant: `ORIGINAL
  if (PLANTED) {
    await parking.redriven(pid, await parking.parked(pid, [parkedId(message)]), context.options.clock.now());
    return false;
  }`,
      },
    ],
  },
  {
    name: 'RESUME_INJECT_FIRST',
    rows: ['parking.pml | RESUME_INJECT_FIRST'],
    what: 'A resume redrives the parked events before it is committed.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'if (this.#resumesStart(item.target.inbound)) return undefined;',
        plant:
          "const { kind, act } = item.target.inbound as OperationInbound;\n    if (PLANTED && kind === 'operate' && act === 'resume') await (await import('../acknowledge/redrive.ts')).redrive(this.#context, this.#pid);\n    ORIGINAL",
      },
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: "item.redrives = this.#image.status !== 'stuck' && !this.#image.paused && this.#unsticks(item);",
        plant: "item.redrives = !PLANTED && this.#image.status !== 'stuck' && !this.#image.paused && this.#unsticks(item);",
      },
    ],
  },
  {
    name: 'RESUME_MARK_FIRST',
    rows: ['parking.pml | RESUME_MARK_FIRST', 'parking.pml | REDRIVE_MARKS_FIRST'],
    what: 'A parked event is marked as redriven before it is sent to the inbox.',
    patches: [
      {
        file: 'lib/engine/acknowledge/redrive.ts',
        find: 'const results = await sentAgain(options.sender, pid, some);',
        plant: `if (PLANTED) await options.parking.redriven(pid, some, options.clock.now());
    ORIGINAL`,
      },
    ],
  },
  {
    name: 'RESUME_NO_TICK',
    rows: ['parking.pml | RESUME_NO_TICK', 'pause.pml | UNPAUSED_NO_TICK'],
    what: 'A resume does not arm the timers that were disarmed when the instance became stuck.',
    patches: [
      {
        file: 'lib/engine/advance/decide.ts',
        find: 'if (!live.run.bug) arm(live.run);',
        plant: "if (!live.run.bug && !(PLANTED && inbound.kind === 'operate' && inbound.act === 'resume')) arm(live.run);",
      },
    ],
  },
  {
    name: 'RESUME_RUNNING',
    rows: ['parking.pml | RESUME_RUNNING'],
    what: 'A resume makes an instance whose start was poison running, although its start was not applied.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'return { ...rest, status, version: base.version + 1,',
        plant: "return { ...rest, status: PLANTED ? 'running' : status, version: base.version + 1,",
      },
    ],
  },
  {
    name: 'TICK_REARM',
    rows: ['parking.pml | TICK_REARM'],
    what: 'A tick that is not the current one sends the current one again, even if it did not cause it.',
    patches: [{ ...OWED, plant: "(PLANTED && kind === 'tick' && item.verdict === 'dup' && (by as any).kind === 'tick') || (ORIGINAL)" }],
  },
  {
    name: 'EARLY_TICK_ACKED',
    rows: ['parking.pml | EARLY_TICK_ACKED'],
    what: 'A tick that comes before its time is acknowledged instead of released.',
    patches: [
      {
        file: 'lib/engine/acknowledge/acknowledge.ts',
        find: 'return { retryInSeconds: waitSeconds(context, item) };',
        plant: "if (PLANTED && target.inbound.kind === 'tick') return 'acknowledge';\n      ORIGINAL",
      },
    ],
  },
  {
    name: 'GET_STUCK_OVERWRITES',
    rows: ['parking.pml | GET_STUCK_OVERWRITES'],
    what: 'A refused reply makes its instance stuck, even if the instance has settled the command since.',
    patches: [
      {
        file: 'lib/engine/acknowledge/get-stuck.ts',
        find: "if (refusal === 'passed') {",
        plant: "if (!PLANTED && refusal === 'passed') {",
      },
    ],
  },
];
