/** The colours of the page: those of the reader's system, or what the reader has chosen. */
export type Scheme = 'system' | 'light' | 'dark';

const KEY = 'tutti.scheme';
const system = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

export function followScheme(): void {
  apply();
  system.addEventListener('change', apply);
}

export function chooseScheme(scheme: Scheme): void {
  if (scheme === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, scheme);
  apply();
  for (const listener of listeners) listener();
}

/** Calls the listener after each choice. Returns the function that ends it. */
export function listenToScheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The choice of the reader. */
export function chosenScheme(): Scheme {
  const kept = localStorage.getItem(KEY);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

function apply(): void {
  const scheme = chosenScheme();
  document.body.classList.toggle('awsui-dark-mode', scheme === 'dark' || (scheme === 'system' && system.matches));
}
