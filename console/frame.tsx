import Badge from '@cloudscape-design/components/badge';
import { Component, useCallback, useLayoutEffect, useRef, useState, useSyncExternalStore, type MouseEvent, type ReactNode } from 'react';
import type { CountsView } from '../lib/console/views.ts';
import type { Acting } from './act.tsx';
import { LIST_EVERY, useView } from './api.ts';
import { address, navigate } from './navigate.tsx';
import { PAGES } from './pages.ts';
import { chooseScheme, chosenScheme, listenToScheme, type Scheme } from './scheme.ts';
import { count } from './text.tsx';
import { READS, STUCK_COUNTS } from './paths.ts';

/*
 * The frame around each view. It is plain HTML: Cloudscape's layout of an application was a third of the code that the page loaded at its
 * start, and half of its first render.
 */

/** The bar above each view. */
export function Bar({
  place,
  isNavigationOpen,
  turnNavigation,
  openPalette,
  openHelp,
}: {
  readonly place: string;
  readonly isNavigationOpen: boolean;
  readonly turnNavigation: () => void;
  readonly openPalette: () => void;
  readonly openHelp: () => void;
}): ReactNode {
  return (
    <header id="bar" className="bar">
      <button type="button" className="bar-menu" onClick={turnNavigation} aria-label="Navigation" aria-expanded={isNavigationOpen}>
        <span aria-hidden="true">☰</span>
      </button>
      <PlainLink to="/">
        <Mark /> Tutti
      </PlainLink>
      <span className="bar-place">{place}</span>
      <button type="button" onClick={openPalette}>
        Go to <span className="wide">an instance or a view</span> <kbd>Ctrl K</kbd>
      </button>
      <SchemeButton />
      <button type="button" onClick={openHelp} aria-label="Keys and help">
        ?
      </button>
    </header>
  );
}

/** A link of the frame within the page. A click with a modifier opens a tab. */
function PlainLink({
  to,
  isCurrent,
  children,
}: {
  readonly to: string;
  readonly isCurrent?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  function follow(event: MouseEvent): void {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(to);
  }
  return (
    <a href={address(to)} aria-current={isCurrent ? 'page' : undefined} onClick={follow}>
      {children}
    </a>
  );
}

/** The pages, with the numbers of what needs an operator. */
export function Navigation({ path }: { readonly path: string }): ReactNode {
  const counts = useView<CountsView>(path === '/' ? READS.counts : STUCK_COUNTS, LIST_EVERY);
  const stuck = counts.data?.counts.reduce((sum, each) => sum + (each.status === 'stuck' ? each.count : 0), 0) ?? 0;
  const numbers: Readonly<Record<string, number>> = { '/stuck': stuck, '/parked': counts.data?.parked ?? 0 };
  const current = PAGES.find(({ to }) => to !== '/' && path.startsWith(to))?.to ?? (path.startsWith('/i/') ? '/list' : path);
  return (
    <nav id="navigation" className="navigation" aria-label="Pages">
      <ul>
        {PAGES.map(({ text, to }) => (
          <li key={to}>
            <PlainLink to={to} isCurrent={to === current}>
              {text}
            </PlainLink>
            {(numbers[to] ?? 0) > 0 && <Badge color="red">{count(numbers[to] ?? 0)}</Badge>}
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** The place of the view, which scrolls. A new view begins at its top, and has the keys that scroll. */
export function Main({ path, children }: { readonly path: string; readonly children: ReactNode }): ReactNode {
  const place = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    place.current?.scrollTo(0, 0);
    place.current?.focus({ preventScroll: true });
  }, [path]);
  return (
    <main ref={place} tabIndex={-1}>
      <div className="within">{children}</div>
    </main>
  );
}

interface Notice {
  readonly id: number;
  readonly type: 'success' | 'error';
  readonly content: ReactNode;
}

const NOTICES_MAX = 5;
/** A success is shown for so many milliseconds, an error until it is dismissed. */
const SHOWN_FOR = 12_000;

/** The results of the operations of this page, the newest first. */
export function useNotices(): { readonly notices: ReactNode; readonly notice: Acting['notice'] } {
  const [all, setAll] = useState<readonly Notice[]>([]);
  const next = useRef(0);
  const drop = useCallback((id: number): void => setAll((before) => before.filter((each) => each.id !== id)), []);
  const notice = useCallback<Acting['notice']>(
    (content, type = 'success') => {
      next.current += 1;
      const id = next.current;
      setAll((before) => [{ id, type, content }, ...before].slice(0, NOTICES_MAX));
      if (type === 'success') setTimeout(() => drop(id), SHOWN_FOR);
    },
    [drop],
  );
  const notices = (
    <div className="notices" role="region" aria-label="Notices" aria-live="polite">
      {all.map(({ id, type, content }) => (
        <div key={id} className={`notice ${type}`}>
          <div>{content}</div>
          <button type="button" aria-label="Dismiss" onClick={() => drop(id)}>
            <span aria-hidden="true">✕</span>
          </button>
        </div>
      ))}
    </div>
  );
  return { notices, notice };
}

/** Shows a sentence in place of a part of the page that has an error. */
export class Guarded extends Component<{ readonly children: ReactNode }, { readonly isBroken: boolean }> {
  static getDerivedStateFromError(): { readonly isBroken: boolean } {
    return { isBroken: true };
  }

  override state = { isBroken: false };

  override render(): ReactNode {
    if (!this.state.isBroken) return this.props.children;
    return (
      <div className="broken">
        <h1>The page has an error</h1>
        <p>
          Nothing of the system is changed. <a href={location.href}>Load the page again.</a>
        </p>
      </div>
    );
  }
}

const NEXT: Readonly<Record<Scheme, Scheme>> = { system: 'dark', dark: 'light', light: 'system' };
const SIGNS: Readonly<Record<Scheme, string>> = { system: '◐', dark: '●', light: '○' };

function SchemeButton(): ReactNode {
  const scheme = useSyncExternalStore(listenToScheme, chosenScheme);
  return (
    <button type="button" onClick={() => chooseScheme(NEXT[scheme])} aria-label={`Colours: ${scheme}`} title={`Colours: ${scheme}`}>
      <span aria-hidden="true">{SIGNS[scheme]}</span>
    </button>
  );
}

function Mark(): ReactNode {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#12876a" />
      <path d="M8 10h16M16 10v14" stroke="#fff" strokeWidth="3.4" strokeLinecap="round" />
      <circle cx="23" cy="21.5" r="2.6" fill="#ffd166" />
    </svg>
  );
}
