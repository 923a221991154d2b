const LINE = /^( *[\d.]+ s {2})(.*)$/;
const DONE = ' done';
const DELETES = /^(\S+ deletes )(.*)$/;
const ACCEPTED = /^(\S+) accepted (.*)$/;
const WIDTH_MAX = 150;

interface Line {
  readonly time: string;
  readonly what: string;
}

/**
 * A trace without its obvious lines: calls that returned (their effects have lines of their own), turns of handlers, and events of the bus
 * that the inbox has accepted. Calls that failed, or never returned, stay.
 */
export const briefTrace = (trace: readonly string[]): string[] => {
  const lines = trace.map((text): Line => {
    const [, time = '', what = text] = LINE.exec(text) ?? [];
    return { time, what };
  });
  return joined(lines.filter((line, i) => !goesWithoutSaying(line, lines, i))).map(({ time, what }) => `${time}${cut(what)}`);
};

const goesWithoutSaying = ({ what }: Line, lines: readonly Line[], i: number): boolean =>
  what.endsWith(DONE) || what.endsWith(' in a handler') || isTakenOn(what, lines[i + 1]?.what) || hasReturned(what, lines, i);

/** The effects of a call have lines of their own, before it returns. */
const hasReturned = (what: string, lines: readonly Line[], i: number): boolean => {
  const next = lines.slice(i + 1).find((line) => line.what === what || line.what === `${what}${DONE}`);
  return next?.what === `${what}${DONE}`;
};

const isTakenOn = (what: string, next: string | undefined): boolean => {
  const [, from, accepted = ''] = ACCEPTED.exec(what) ?? [];
  const id = accepted.split(' ').at(-1) ?? '';
  return from === 'bus' && id !== '' && next !== undefined && next.startsWith('inbox accepted') && next.endsWith(id);
};

/** Joins messages that are deleted one after the other in one line. */
const joined = (lines: readonly Line[]): readonly Line[] =>
  lines.reduce<Line[]>((kept, line) => {
    const before = kept.at(-1);
    const [, who, id] = DELETES.exec(line.what) ?? [];
    if (before && who !== undefined && before.time === line.time && before.what.startsWith(who))
      kept[kept.length - 1] = { time: line.time, what: `${before.what}, ${id}` };
    else kept.push(line);
    return kept;
  }, []);

const cut = (text: string): string => (text.length > WIDTH_MAX ? `${text.slice(0, WIDTH_MAX - 1)}…` : text);
