/** A head may have 400 KB, with all that it holds. */
const CHARACTERS_MAX = 2_000;

/** What a person is told of a fault. Whoever threw it may have put all that was at hand into it, and then nobody could store it. */
export function shortText(text: string): string {
  // By way of bytes, since the cut may go through a pair of surrogates, which no store takes apart.
  return text.length <= CHARACTERS_MAX ? text : `${Buffer.from(text.slice(0, CHARACTERS_MAX)).toString()}…`;
}
