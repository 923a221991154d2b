import Link, { type LinkProps } from '@cloudscape-design/components/link';
import { useSyncExternalStore, type ReactNode } from 'react';
import { navigate as go } from 'wouter/use-browser-location';
import { useSearchParams } from 'wouter';

/** An address of the page, with the tenant of the current one. */
export function address(path: string): string {
  const tenant = new URLSearchParams(location.search).get('tenant');
  if (tenant === null) return path;
  const [before, fragment] = path.split('#');
  const whole = `${before}${before?.includes('?') ? '&' : '?'}tenant=${encodeURIComponent(tenant)}`;
  return fragment === undefined ? whole : `${whole}#${fragment}`;
}

export function instanceAddress({ process, id }: { readonly process: string; readonly id: string }, rest = ''): string {
  return `/i/${encodeURIComponent(process)}/${encodeURIComponent(id)}${rest}`;
}

export function listAddress(where: string): string {
  return `/list?${new URLSearchParams({ q: where })}`;
}

/** Goes to a path of the page. */
export function navigate(path: string): void {
  go(address(path));
}

/** A link within the page. A click with a modifier opens a tab. */
export function Go({
  to,
  children,
  ...rest
}: { readonly to: string; readonly children: ReactNode } & Omit<LinkProps, 'href' | 'onFollow'>): ReactNode {
  return (
    <Link
      {...rest}
      href={address(to)}
      onFollow={(event) => {
        event.preventDefault();
        navigate(to);
      }}
    >
      {children}
    </Link>
  );
}

/** A parameter of the address, and the function that sets it in place. An empty value takes it out. */
export function useParameter(name: string): readonly [string, (value: string) => void] {
  const [parameters, setParameters] = useSearchParams();
  const set = (value: string): void =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === '') after.delete(name);
        else after.set(name, value);
        return after;
      },
      { replace: true },
    );
  return [parameters.get(name) ?? '', set];
}

/** The fragment of the address, without its sign: the step or the entry that the address names. */
export function useFragment(): string {
  return useSyncExternalStore(listenToFragment, fragment);
}

function listenToFragment(changed: () => void): () => void {
  for (const type of ['hashchange', 'popstate', 'pushState', 'replaceState']) addEventListener(type, changed);
  return () => {
    for (const type of ['hashchange', 'popstate', 'pushState', 'replaceState']) removeEventListener(type, changed);
  };
}

function fragment(): string {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return location.hash.slice(1);
  }
}
