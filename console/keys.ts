import { useEffect } from 'react';
import { navigate } from './navigate.tsx';
import { PAGES } from './pages.ts';

/** The keys of the page. Each also has a link or a button. */
export const KEYS: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: ['Ctrl K'], does: 'go to an instance, a process or a view' },
  { keys: ['/'], does: 'edit the filter of the list' },
  ...PAGES.map(({ key, text }) => ({ keys: ['g', key], does: `go to ${text}` })),
  { keys: ['j'], does: 'next row or step' },
  { keys: ['k'], does: 'row or step before' },
  { keys: ['Enter'], does: 'open the row' },
  { keys: ['.'], does: 'operations of the instance' },
  { keys: ['Ctrl Enter'], does: 'send the dialog' },
  { keys: ['?'], does: 'these keys' },
];

interface Handlers {
  readonly palette: () => void;
  readonly help: () => void;
  /** A dialog is open, and has the keys. */
  readonly isOff: boolean;
}

/** Listens to the keys of the whole page. */
export function useKeys({ palette, help, isOff }: Handlers): void {
  useEffect(() => {
    let isGoing = false;
    function pressed(event: KeyboardEvent): void {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        if (!isOff) palette();
        return;
      }
      if (isOff || event.metaKey || event.ctrlKey || event.altKey || isWriting(event.target)) return;
      const place = isGoing ? PAGES.find(({ key }) => key === event.key)?.to : undefined;
      isGoing = event.key === 'g' && !isGoing;
      if (place !== undefined) navigate(place);
      else if (event.key === '?') help();
      else if (event.key === '/') reach(event, '[data-filter] input');
      else if (event.key === '.') reach(event, '[data-operations] button', (found) => found.click());
      else if (event.key === 'j' || event.key === 'k') stepRow(event, event.key === 'j' ? 1 : -1);
    }
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [palette, help, isOff]);
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}

function reach(event: KeyboardEvent, selector: string, then: (found: HTMLElement) => void = (found) => found.focus()): void {
  const found = document.querySelector<HTMLElement>(selector);
  if (found === null) return;
  event.preventDefault();
  then(found);
}

/** Moves the focus along the elements that a view marks as rows. */
export function stepRow(event: KeyboardEvent, by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')].flatMap((row) =>
    row.matches('a,button') ? [row] : [...row.querySelectorAll<HTMLElement>('a')].slice(0, 1),
  );
  if (rows.length === 0) return;
  event.preventDefault();
  const at = rows.findIndex((row) => row === document.activeElement);
  rows[at === -1 ? (by === 1 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
}
