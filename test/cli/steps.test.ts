import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { inFolder, RunningTutti, tutti } from './command-line.ts';

const STEP_SEATS = join(import.meta.dirname, 'step-seats.ts');

// The test starts several programs, so a busy machine needs more time.
vi.setConfig({ testTimeout: 180_000 });

test('why, show and list name the steps of ctx.run as the process does, and dev prints what they log', async () => {
  await inFolder(async (folder) => {
    const events = join(folder, 'events.jsonl');
    const seats = ['asked', 'taken', 'far', '12A'];
    writeFileSync(events, seats.map((seat) => JSON.stringify({ type: 'seats.seat-wanted', data: { id: seat, seat } })).join('\n'));
    const dev = new RunningTutti('dev', STEP_SEATS, '--events', events, '--local', join(folder, 'state'));
    const run = async (...parts: readonly string[]): Promise<string> => (await tutti(...parts, '--local', join(folder, 'state'))).stdout;
    // One after the other: a line that has been printed already resolves at once.
    for (const line of [
      /taken {2,}info asks\\u001b\[31m\\u000aforged/,
      /taken {2,}warn no seat is left \{"seat":"taken"\}/,
      /taken .*failed:/,
      /12A .*completed \{"number"/,
      /asked .*by its token/,
      /far .*ECONNREFUSED/,
    ])
      await dev.line(line);
    const [asked, far, taken, shown, listed, grouped] = await Promise.all([
      run('why', 'book-seat', 'asked'),
      run('why', 'book-seat', 'far'),
      run('why', 'book-seat', 'taken'),
      run('show', 'book-seat', 'taken'),
      run('list', '--status', 'running'),
      run('list', '--group'),
    ]);
    expect(asked).toMatch(
      /^book-seat asked waits for a reply to the step trip\/book the seat by its token since \S+ \(\S+\), given up at \S+\n$/,
    );
    expect(far).toMatch(
      /^book-seat far waits for the step trip\/book the seat since \S+ \(\S+\): attempt 1 is in the queue of steps or running, sent again at \S+ unless it replies; its last run threw TypeError: connect ECONNREFUSED at test\/cli\/step-seats\.ts:14\n$/,
    );
    expect(taken).toMatch(/^book-seat taken failed at \S+: the step trip\/book the seat failed: the seat is taken\n$/);
    const steps = shown.split('\n').map((line) => line.replace(/^ *\d+ +\S+ +/, ''));
    expect(steps.filter((line) => line.includes('step'))).toEqual([
      'runs the step charge',
      'the step charge completed',
      'runs the step trip/book the seat',
      'the step trip/book the seat failed: the seat is taken {"seat":"taken"}',
      'runs the undo of the step charge',
      'the step charge undone',
      'failed: the step trip/book the seat failed: the seat is taken {"seat":"taken"}',
    ]);
    expect(listed.match(/waits for (?:a reply to )?the step trip\/book the seat/g)).toHaveLength(2);
    expect(grouped).toMatch(/2 book-seat running: waits for the step trip\/book the seat\n/);
    expect(grouped).toMatch(/1 book-seat failed: the step trip\/book the seat failed: the seat is taken\n/);
  });
});
