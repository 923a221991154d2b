import type { HeadItem } from './head-item.ts';

/** The expression that sets those of these attributes that `item` has and removes the others. It adds their values to `values`, as `:name`. */
export function setOrRemove(attributes: readonly string[], item: HeadItem, values: HeadItem): string {
  const set: string[] = [];
  const remove: string[] = [];
  for (const name of attributes) {
    const value = item[name];
    if (value === undefined) remove.push(`#${name}`);
    else {
      set.push(`#${name} = :${name}`);
      values[`:${name}`] = value;
    }
  }
  return `SET ${set.join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`;
}

/** The names that such an expression uses. */
export function attributeNames(attributes: readonly string[]): Record<string, string> {
  return Object.fromEntries(attributes.map((name) => [`#${name}`, name]));
}
