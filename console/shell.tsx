import AppLayout from '@cloudscape-design/components/app-layout';
import Box from '@cloudscape-design/components/box';
import Badge from '@cloudscape-design/components/badge';
import Button from '@cloudscape-design/components/button';
import ErrorBoundary from '@cloudscape-design/components/error-boundary';
import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar';
import Modal from '@cloudscape-design/components/modal';
import SideNavigation, { type SideNavigationProps } from '@cloudscape-design/components/side-navigation';
import Spinner from '@cloudscape-design/components/spinner';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState, type ComponentType, type ReactNode } from 'react';
import { Route, Switch, useLocation } from 'wouter';
import type { CountsView, SystemView } from '../lib/console/views.ts';
import { ActDialog, ActingContext, type Acting, type Operation } from './act.tsx';
import { LIST_EVERY, SystemContext, useView } from './api.ts';
import { KEYS, useKeys } from './keys.ts';
import { address, Go, navigate } from './navigate.tsx';
import { PAGES } from './pages.ts';
import { Palette } from './palette.tsx';
import { Loaded } from './problem.tsx';
import { chooseScheme, useScheme, type Scheme } from './scheme.ts';
import { count } from './text.tsx';

/** The views by path, each loaded at its first use. */
const VIEWS: readonly (readonly [path: string, load: () => Promise<{ default: ComponentType }>])[] = [
  ['/', () => import('./views/home.tsx')],
  ['/list', () => import('./views/list.tsx')],
  ['/i/:process/:id', () => import('./views/instance.tsx')],
  ['/stuck', () => import('./views/stuck.tsx')],
  ['/parked', () => import('./views/parked.tsx')],
  ['/tasks', () => import('./views/tasks.tsx')],
  ['/bulk', () => import('./views/bulk.tsx')],
  ['/bulk/:id', () => import('./views/bulk-job.tsx')],
  ['/services', () => import('./views/services.tsx')],
  ['/schedules', () => import('./views/schedules.tsx')],
  ['/processes', () => import('./views/processes.tsx')],
  ['/process/:process', () => import('./views/process.tsx')],
  ['/map', () => import('./views/map.tsx')],
  ['/cost', () => import('./views/cost.tsx')],
];
const ROUTES = VIEWS.map(([path, load]) => ({ path, view: lazy(load) }));

/** Loads the code of the view that the address names, beside the data of the system and not after it. */
export function loadView(pathname: string): void {
  const found = VIEWS.find(([path]) => new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`).test(pathname));
  void found?.[1]();
}

/** The frame of each view: the bar, the navigation, the notices, the dialog of an operation, the palette and the keys. */
export function Shell(): ReactNode {
  const system = useView<SystemView>('/api/system', 30_000);
  const place = system.data?.place ?? '';
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [operation, setOperation] = useState<Operation<any>>();
  const { notices, notice } = useNotices();
  const [isNavigationOpen, setNavigationOpen] = useState(() => innerWidth > 1_000);
  const acting = useMemo<Acting>(() => ({ open: (next) => setOperation(next), notice }), [notice]);
  const [path] = useLocation();
  useKeys({ palette: () => setPaletteOpen(true), help: () => setHelpOpen(true), isOff: operation !== undefined || isPaletteOpen });
  useEffect(() => {
    document.title = titleOf(path, place);
  }, [path, place]);
  useEffect(() => {
    dropOrientation();
    addEventListener('resize', dropOrientation);
    return () => removeEventListener('resize', dropOrientation);
  });
  return (
    <>
      <header id="bar" className="bar">
        <a
          href={address('/')}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey) return;
            event.preventDefault();
            navigate('/');
          }}
        >
          <Mark /> Tutti
        </a>
        <span className="bar-place">{place}</span>
        <button type="button" onClick={() => setPaletteOpen(true)}>
          Go to <span className="wide">an instance or a view</span> <kbd>Ctrl K</kbd>
        </button>
        <SchemeButton />
        <button type="button" onClick={() => setHelpOpen(true)} aria-label="Keys and help">
          ?
        </button>
      </header>
      <Loaded query={system}>
        {(known) => (
          <SystemContext value={known}>
            <ActingContext value={acting}>
              <AppLayout
                headerSelector="#bar"
                toolsHide
                navigationOpen={isNavigationOpen}
                onNavigationChange={({ detail }) => setNavigationOpen(detail.open)}
                navigation={<Navigation path={path} system={known} />}
                navigationWidth={240}
                notifications={<Flashbar items={notices} stackItems />}
                stickyNotifications
                maxContentWidth={1_800}
                content={
                  <div id="view">
                    <ErrorBoundary key={path} renderFallback={() => <Broken />} onError={() => {}}>
                      <Suspense fallback={<Waiting />}>
                        <Switch>
                          {ROUTES.map(({ path: at, view }) => (
                            <Route key={at} path={at} component={view} />
                          ))}
                          <Route>
                            <Box padding="xxl" textAlign="center">
                              <h1>No such page</h1>
                              <Go to="/">Go to the overview</Go>
                            </Box>
                          </Route>
                        </Switch>
                      </Suspense>
                    </ErrorBoundary>
                  </div>
                }
              />
              {operation && <ActDialog operation={operation} close={() => setOperation(undefined)} notice={notice} />}
              {isPaletteOpen && <Palette close={() => setPaletteOpen(false)} />}
              {isHelpOpen && <Help close={() => setHelpOpen(false)} />}
            </ActingContext>
          </SystemContext>
        )}
      </Loaded>
    </>
  );
}

/** Cloudscape gives the bar of a narrow page an attribute that its element must not have. */
function dropOrientation(): void {
  for (const bar of document.querySelectorAll('nav[aria-orientation]')) bar.removeAttribute('aria-orientation');
}

function Navigation({ path }: { readonly path: string; readonly system: SystemView }): ReactNode {
  const counts = useView<CountsView>('/api/counts?where=status%3Astuck', LIST_EVERY);
  const stuck = counts.data?.counts.reduce((sum, each) => sum + (each.status === 'stuck' ? each.count : 0), 0) ?? 0;
  const parked = counts.data?.parked ?? 0;
  const numbers: Readonly<Record<string, number>> = { '/stuck': stuck, '/parked': parked };
  const items = PAGES.map(({ text, to }): SideNavigationProps.Item => {
    const number = numbers[to] ?? 0;
    return { type: 'link', text, href: to, ...(number > 0 && { info: <Badge color="red">{count(number)}</Badge> }) };
  });
  return (
    <SideNavigation
      activeHref={PAGES.find(({ to }) => to !== '/' && path.startsWith(to))?.to ?? (path.startsWith('/i/') ? '/list' : path)}
      items={items}
      onFollow={(event) => {
        event.preventDefault();
        navigate(event.detail.href);
      }}
    />
  );
}

function useNotices(): { readonly notices: readonly FlashbarProps.MessageDefinition[]; readonly notice: Acting['notice'] } {
  const [notices, setNotices] = useState<readonly FlashbarProps.MessageDefinition[]>([]);
  const next = useRef(0);
  const notice = useCallback<Acting['notice']>((content, type = 'success') => {
    next.current += 1;
    const id = String(next.current);
    const drop = (): void => setNotices((all) => all.filter((each) => each.id !== id));
    setNotices((all) => [{ id, type, content, dismissible: true, dismissLabel: 'Dismiss', onDismiss: drop }, ...all].slice(0, 5));
    if (type === 'success') setTimeout(drop, 12_000);
  }, []);
  return { notices, notice };
}

const NEXT: Readonly<Record<Scheme, Scheme>> = { system: 'dark', dark: 'light', light: 'system' };
const SIGNS: Readonly<Record<Scheme, string>> = { system: '◐', dark: '●', light: '○' };

function SchemeButton(): ReactNode {
  const scheme = useScheme();
  return (
    <button type="button" onClick={() => chooseScheme(NEXT[scheme])} aria-label={`Colours: ${scheme}`} title={`Colours: ${scheme}`}>
      <span aria-hidden="true">{SIGNS[scheme]}</span>
    </button>
  );
}

function Help({ close }: { readonly close: () => void }): ReactNode {
  return (
    <Modal visible header="Keys" onDismiss={close} footer={<Button onClick={close}>Close</Button>}>
      <table className="keys">
        <tbody>
          {KEYS.map(({ keys, does }) => (
            <tr key={does}>
              <td>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
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

function Waiting(): ReactNode {
  return (
    <Box textAlign="center" padding="xxl">
      <Spinner size="large" />
    </Box>
  );
}

function Broken(): ReactNode {
  return (
    <Box padding="xxl" textAlign="center">
      <h1>The page has an error</h1>
      <p>
        Nothing of the system is changed. <a href={location.href}>Load the page again.</a>
      </p>
    </Box>
  );
}

function titleOf(path: string, place: string): string {
  const [, first, process, id] = path.split('/');
  const view =
    first === 'i' && process !== undefined && id !== undefined
      ? `${decodeURIComponent(id)} · ${decodeURIComponent(process)}`
      : (PAGES.find(({ to }) => to === path)?.text ?? 'Tutti');
  return place === '' ? `${view} · Tutti` : `${view} · ${place}`;
}
