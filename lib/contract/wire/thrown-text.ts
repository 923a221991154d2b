/**
 * What somebody threw, as a text that may travel: user code may throw anything, also what has no text, or a message that was cut through
 * a pair of surrogates, and an envelope with half a pair is refused by its reader.
 */
export function thrownText(thrown: unknown): string {
  return wellFormed(thrown instanceof Error ? textOf(thrown.message) : textOf(thrown));
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `what has no text, of type ${typeof value}`;
  }
}

/** With U+FFFD in the place of each half of a pair of surrogates, as UTF-8 would have it. Of ES2024, which Node 20 has. */
export function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed();
}
