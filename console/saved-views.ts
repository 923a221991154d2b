/** A filter that a reader has named. */
export interface SavedView {
  readonly name: string;
  readonly where: string;
}

const KEY = 'tutti.views';
const MOST = 50;

/** The views that every reader has. */
export const BUILT_IN: readonly SavedView[] = [
  { name: 'In flight', where: 'status:open' },
  { name: 'Stuck', where: 'status:stuck' },
  { name: 'Waiting long', where: 'status:running waited:>1h' },
  { name: 'Failed today', where: 'status:failed started:<1d' },
  { name: 'Paused', where: 'status:paused' },
];

/** The saved views of this browser. */
export function readViews(): readonly SavedView[] {
  try {
    return asViews(JSON.parse(localStorage.getItem(KEY) ?? '[]'));
  } catch {
    return [];
  }
}

export function writeViews(views: readonly SavedView[]): void {
  localStorage.setItem(KEY, JSON.stringify(views.slice(-MOST)));
}

/** Those of a value that are views; a file may hold anything. */
export function asViews(value: unknown): readonly SavedView[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each: unknown) => {
    const { name, where } = (each ?? {}) as Partial<SavedView>;
    return typeof name === 'string' && name !== '' && typeof where === 'string' ? [{ name, where }] : [];
  });
}
