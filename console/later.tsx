import { useEffect, useState, type ComponentType, type ReactNode } from 'react';
import { Loading } from './problem.tsx';

/** A component whose code is loaded at its first use, or before that by `load`. */
export interface Later<P> {
  (props: P): ReactNode;
  /** Rejects if the server does not give the code, such as after a newer build of the page. */
  load(): Promise<void>;
}

/** In place of React's `lazy`, which shows its fallback for at least 300 ms, and so delays code that is there after 10. */
export function later<P extends object>(import_: () => Promise<ComponentType<P>>): Later<P> {
  let Found: ComponentType<P> | undefined;
  async function load(): Promise<void> {
    Found ??= await import_();
  }
  function LaterComponent(props: P): ReactNode {
    const [failure, setFailure] = useState<{ readonly error: unknown }>();
    const [, setLoaded] = useState(Found !== undefined);
    useEffect(() => {
      load().then(
        () => setLoaded(true),
        (error: unknown) => setFailure({ error }),
      );
    }, []);
    if (failure) throw failure.error;
    return Found ? <Found {...props} /> : <Loading />;
  }
  return Object.assign(LaterComponent, { load });
}
