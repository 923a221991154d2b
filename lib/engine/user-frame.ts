import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutValues } from '../contract/schema.ts';

/** The folders of Tutti's own code, if it has some: in a bundle, Tutti and the user's code are one file. */
const ROOT = /^(.*[/\\])lib([/\\])engine[/\\]user-frame\.[jt]s$/.exec(ownFile());
const OWN = ROOT ? ['lib', 'bin'].map((folder) => `${ROOT[1]}${folder}${ROOT[2]}`) : [];

/** A file with a line and a column, at the end of a line of a stack, as Node writes it. */
const PLACE = /(?:^|\()(?:async )?([^()]+):(\d+):\d+\)?$/;

/**
 * `file:line` of the first frame of the user's code: not of Node, of a package or of Tutti. Undefined if the error has none, as an error in
 * a bundle without a source map may.
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

/** Whether the URL of a script is a file of the user's code. */
export function isUserCode(url: string): boolean {
  const file = pathOf(url);
  return file !== undefined && url.startsWith('file:') && !isForeign(file);
}

/** Frames of Tutti and of schemas may lie above the user's code. */
const FRAMES_MAX = 60;

/** `at file:line` of the code that threw an error, or of the user's code that runs now. */
export function placeOf(error: Error | undefined): string {
  if (error) return atUserFrame(error);
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = FRAMES_MAX;
  const here: { stack?: string } = {};
  Error.captureStackTrace(here);
  Error.stackTraceLimit = stackTraceLimit;
  return at(frameIn(here.stack));
}

/** `at file:line`, or an empty text if the place is not known. */
export function atUserFrame(error: unknown): string {
  return at(userFrame(error));
}

function at(frame: string | undefined): string {
  return frame === undefined ? '' : `at ${frame}`;
}

/** The thrown value as text, with its place. */
export function thrownAt(thrown: unknown): string {
  return `${thrown instanceof Error ? `${thrown.name}: ` : ''}${withoutValues(thrown)} ${atUserFrame(thrown)}`.trimEnd();
}

function isForeign(file: string): boolean {
  return file.startsWith('node:') || /[/\\]node_modules[/\\]/.test(file) || OWN.some((folder) => file.startsWith(folder));
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

/** Relative to the working directory, if the file is in it: the same text on every machine. */
function shortPath(file: string): string {
  const path = relative(process.cwd(), file);
  return path === '' || path.startsWith('..') ? file : path;
}

/** A CommonJS bundle has no `import.meta.url`. */
function ownFile(): string {
  const { url } = import.meta as { readonly url?: string };
  return url?.startsWith('file:') ? fileURLToPath(url) : '';
}
