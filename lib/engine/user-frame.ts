import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutValues } from '../contract/schema.ts';

/** The folder of Tutti's own code, where it stands in a folder of its own: bundled, it is one file with the code of the user. */
const OWN = /^(.*[/\\]lib[/\\])engine[/\\]user-frame\.[jt]s$/.exec(ownFile())?.[1];

/** A file with a line and a column, at the end of a line of a stack, as Node writes it. */
const PLACE = /(?:^|\()(?:async )?([^()]+):(\d+):\d+\)?$/;

/**
 * `file:line` of the first frame that is code of the user: neither Node's, nor of a package, nor Tutti's own. Undefined where the
 * error holds none, as an error that was made in a bundle without a source map may.
 */
export function userFrame(error: unknown): string | undefined {
  return error instanceof Error ? frameIn(error.stack) : undefined;
}

function frameIn(stack: unknown): string | undefined {
  if (typeof stack !== 'string') return undefined;
  for (const line of stack.split('\n')) {
    const [, place, row] = (line.startsWith('    at ') ? PLACE.exec(line.slice(7)) : undefined) ?? [];
    const file = place === undefined ? undefined : pathOf(place);
    if (file === undefined || isForeign(file)) continue;
    return `${shortPath(file)}:${row}`;
  }
  return undefined;
}

/** The code of the user may stand below many frames of Tutti and of schemas. */
const FRAMES_MAX = 60;

/** `at file:line` of what threw an error, or of the code of the user that runs now. */
export function placeOf(error: Error | undefined): string {
  if (error) return atUserFrame(error);
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = FRAMES_MAX;
  const here: { stack?: string } = {};
  Error.captureStackTrace(here);
  Error.stackTraceLimit = stackTraceLimit;
  return at(frameIn(here.stack));
}

/** `at file:line`, or nothing where the place is not known. */
export function atUserFrame(error: unknown): string {
  return at(userFrame(error));
}

function at(frame: string | undefined): string {
  return frame === undefined ? '' : `at ${frame}`;
}

/** What was thrown, and where. */
export function thrownAt(thrown: unknown): string {
  return `${thrown instanceof Error ? `${thrown.name}: ` : ''}${withoutValues(thrown)} ${atUserFrame(thrown)}`.trimEnd();
}

function isForeign(file: string): boolean {
  return file.startsWith('node:') || /[/\\]node_modules[/\\]/.test(file) || (OWN !== undefined && file.startsWith(OWN));
}

function pathOf(place: string): string | undefined {
  const text = place.replace(/\?.*$/, '');
  if (!text.startsWith('file:')) return /[/\\:]/.test(text) ? text : undefined;
  try {
    return fileURLToPath(text);
  } catch {
    return undefined;
  }
}

/** From the working directory where the file lies in it: the same text on every machine. */
function shortPath(file: string): string {
  const path = relative(process.cwd(), file);
  return path === '' || path.startsWith('..') ? file : path;
}

/** In a bundle of CommonJS there is no such thing. */
function ownFile(): string {
  const { url } = import.meta as { readonly url?: string };
  return url?.startsWith('file:') ? fileURLToPath(url) : '';
}
