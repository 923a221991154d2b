import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { Route, Switch, useLocation } from 'wouter';
import type { SystemView } from '../lib/console/views.ts';
import { ActingContext, type Acting, type Operation } from './act.tsx';
import { SystemContext, useView } from './api.ts';
import { Bar, Guarded, Main, Navigation, useNotices } from './frame.tsx';
import { useKeys } from './keys.ts';
import { later } from './later.tsx';
import { Go } from './navigate.tsx';
import { PAGES } from './pages.ts';
import { Loaded } from './problem.tsx';
import { decoded } from './paths.ts';
import { VIEWS, type ListedView } from './view-list.ts';

const ROUTES = new Map(VIEWS.map((view) => [view, later(async () => (await view.load()).default)]));
const Dialog = later(async () => (await import('./act-dialog.tsx')).ActDialog);
const Palette = later(async () => (await import('./palette.tsx')).Palette);
const Help = later(async () => (await import('./help.tsx')).Help);

/** Resolves when the code of a view is here. */
export async function loadView(view: ListedView): Promise<void> {
  await ROUTES.get(view)?.load();
}

/** The frame, the view that the address names, the dialog of an operation, the palette and the keys. */
export function Shell(): ReactNode {
  const system = useView<SystemView>('/api/system', 30_000);
  const place = system.data?.place ?? '';
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [operation, setOperation] = useState<Operation<any>>();
  const { notices, notice } = useNotices();
  const [isNavigationOpen, setNavigationOpen] = useState(() => innerWidth > NARROW);
  const [path] = useLocation();
  const { acting, openPalette, openHelp } = useMemo(() => {
    const failed = (error: Error): void => notice(error.message, 'error');
    return {
      acting: {
        open: (next) => void Promise.all([next, Dialog.load()]).then(([found]) => setOperation(found), failed),
        notice,
      } satisfies Acting,
      openPalette: () => void Palette.load().then(() => setPaletteOpen(true), failed),
      openHelp: () => void Help.load().then(() => setHelpOpen(true), failed),
    };
  }, [notice]);
  useKeys({ palette: openPalette, help: openHelp, isOff: operation !== undefined || isPaletteOpen });
  useEffect(() => {
    document.title = titleOf(path, place);
  }, [path, place]);
  useEffect(() => {
    if (innerWidth <= NARROW) setNavigationOpen(false);
  }, [path]);
  useEffect(() => {
    // The first operation, and Ctrl+K, then open at once.
    const soon = setTimeout(() => void Promise.all([Dialog.load(), Palette.load()]).catch(() => {}), 2_000);
    return () => clearTimeout(soon);
  }, []);
  return (
    <>
      <Bar
        place={place}
        isNavigationOpen={isNavigationOpen}
        turnNavigation={() => setNavigationOpen(!isNavigationOpen)}
        openPalette={openPalette}
        openHelp={openHelp}
      />
      <Loaded query={system}>
        {(known) => (
          <SystemContext value={known}>
            <ActingContext value={acting}>
              <div className="frame">
                {isNavigationOpen && <Navigation path={path} />}
                <Main path={path}>
                  {notices}
                  <div id="view">
                    <Guarded key={path}>
                      <Switch>
                        {[...ROUTES].map(([{ path: at }, View]) => (
                          <Route key={at} path={at} component={View} />
                        ))}
                        <Route>
                          <div className="broken">
                            <h1>No such page</h1>
                            <Go to="/">Go to the overview</Go>
                          </div>
                        </Route>
                      </Switch>
                    </Guarded>
                  </div>
                </Main>
              </div>
              {operation && <Dialog operation={operation} close={() => setOperation(undefined)} notice={notice} />}
              {isPaletteOpen && <Palette close={() => setPaletteOpen(false)} />}
              {isHelpOpen && <Help close={() => setHelpOpen(false)} />}
            </ActingContext>
          </SystemContext>
        )}
      </Loaded>
    </>
  );
}

/** In pixels. A narrower page shows the navigation over the view, and only when it is asked for. */
const NARROW = 1_000;

function titleOf(path: string, place: string): string {
  const [, first, process, id] = path.split('/');
  const view =
    first === 'i' && process !== undefined && id !== undefined
      ? `${decoded(id)} · ${decoded(process)}`
      : (PAGES.find(({ to }) => to === path)?.text ?? 'Tutti');
  return place === '' ? `${view} · Tutti` : `${view} · ${place}`;
}
