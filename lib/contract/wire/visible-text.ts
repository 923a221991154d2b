/**
 * C0, DEL, C1 and what turns the direction of text around. A terminal obeys the first three: they move its cursor, change its title, or write
 * its clipboard. The last makes a reader see another text than is there. `JSON.stringify` escapes only C0.
 */
// oxlint-disable-next-line no-control-regex -- they are what it looks for
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text with everything that a terminal obeys or does not show as `\uXXXX`, also the line feed. A text of JSON stays one, of the same value. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
