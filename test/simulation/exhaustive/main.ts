import { rm } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle } from '../runner/bundle.ts';

/**
 * Runs search.ts as one file. An import on demand of a source file would take another number of turns each time, and a schedule could not be
 * repeated.
 */
const { path, directory } = await bundle(fileURLToPath(new URL('search.ts', import.meta.url)));
try {
  await import(pathToFileURL(path).href);
} finally {
  await rm(directory, { recursive: true, force: true });
}
