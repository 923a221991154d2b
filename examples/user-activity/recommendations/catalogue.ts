/** By item: items that are often bought together with it. */
const boughtTogether: Readonly<Record<string, readonly string[]>> = {
  tent: ['sleeping bag', 'camping stove', 'head lamp'],
  'sleeping bag': ['tent', 'travel pillow'],
  'camping stove': ['gas cartridge', 'mess tin'],
  'head lamp': ['batteries'],
  kayak: ['paddle', 'dry bag'],
  paddle: ['kayak', 'dry bag'],
};

/** The three items with the most related views, without those in the cart. Of equal items, the one of the latest view comes first. */
export function related(seen: readonly string[], cart: readonly string[]): readonly string[] {
  const scores = new Map<string, number>();
  for (const item of seen) for (const other of boughtTogether[item] ?? []) scores.set(other, (scores.get(other) ?? 0) + 1);
  return [...scores]
    .filter(([item]) => !cart.includes(item))
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, 3)
    .map(([item]) => item);
}
