import { setTimeout as pause } from 'node:timers/promises';

/** Polls until a value exists. If it never does, the error names the value. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  { withinSeconds = 60, report }: { readonly withinSeconds?: number; readonly report?: () => Promise<string> } = {},
): Promise<T> {
  const deadline = Date.now() + withinSeconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() >= deadline) break;
    await pause(500);
  }
  throw new Error(`Waited ${withinSeconds} seconds for ${what}.${report === undefined ? '' : `\n${await report()}`}`);
}
