/** By item: items of the same kind. */
const KINDS: readonly (readonly string[])[] = [
  ['tent', 'sleeping bag', 'camping stove', 'head lamp'],
  ['kayak', 'paddle', 'dry bag', 'life vest'],
  ['rope', 'helmet', 'harness', 'chalk bag'],
];
const FOUND_MAX = 3;

/** Items of the kinds that were seen, those of the latest view first, without what was seen or is in the cart. */
export function similar(seen: readonly string[], cart: readonly string[]): readonly string[] {
  const known = new Set([...seen, ...cart]);
  const found = seen.flatMap((item) => KINDS.filter((kind) => kind.includes(item)).flat());
  return [...new Set(found)].filter((item) => !known.has(item)).slice(0, FOUND_MAX);
}
