/**
 * A thrown value as text that an envelope can contain. User code can throw anything: a value that cannot be converted to text, or a message
 * with a lone surrogate, which the reader of an envelope refuses.
 */
export function thrownText(thrown: unknown): string {
  return wellFormed(thrown instanceof Error ? textOf(thrown.message) : textOf(thrown));
}

/** A value of any type as text, also one that cannot be converted. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `a value of type ${typeof value} without a text`;
  }
}

/** Replaces each lone surrogate by U+FFFD, as an encoder for UTF-8 does. `toWellFormed` is part of ES2024, which Node 20 has. */
export function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed();
}
