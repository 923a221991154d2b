/**
 * C0, DEL, C1 and the controls of text direction. A terminal executes the first three, which move its cursor, change its title or write its
 * clipboard. Direction controls make text look different from its content. `JSON.stringify` escapes only C0.
 */
// oxlint-disable-next-line no-control-regex -- the pattern matches control characters on purpose
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text with each such character, line feeds included, as `\uXXXX`. JSON text stays JSON text of the same value. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
