import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { InstancesView } from '../lib/console/views.ts';
import { useSystem } from './api.ts';
import { get, withParameters } from './request.ts';
import { readViews } from './saved-views.ts';
import { instanceAddress, listAddress, navigate } from './navigate.tsx';
import { PAGES } from './pages.ts';
import { visible } from './text.tsx';

interface Choice {
  readonly text: string;
  readonly kind: string;
  readonly to: string;
}

const FOUND_MAX = 12;

/** Finds views, processes, saved views, and instances by a part of their id. */
export function Palette({ close }: { readonly close: () => void }): ReactNode {
  const system = useSystem();
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [instances, setInstances] = useState<readonly Choice[]>([]);
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    setInstances([]);
    const wanted = text.trim();
    if (wanted === '') return undefined;
    const stop = new AbortController();
    const timer = setTimeout(() => void findInstances(wanted, stop.signal).then(setInstances, () => {}), 150);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text]);
  const fixed: readonly Choice[] = [
    ...PAGES.map((page): Choice => ({ text: page.text, kind: 'view', to: page.to })),
    ...system.processes.map(({ name }): Choice => ({ text: name, kind: 'process', to: `/process/${encodeURIComponent(name)}` })),
    ...readViews().map(({ name, where }): Choice => ({ text: name, kind: 'saved view', to: listAddress(where) })),
  ];
  const words = text.trim().toLowerCase();
  const choices = [...fixed.filter((choice) => choice.text.toLowerCase().includes(words)), ...instances].slice(0, FOUND_MAX);
  const chosen = Math.min(at, choices.length - 1);
  function go(choice: Choice | undefined): void {
    if (!choice) return;
    close();
    navigate(choice.to);
  }
  return (
    <dialog ref={dialog} className="palette" onClose={close} aria-label="Go to">
      <input
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-choices"
        aria-activedescendant={choices.length > 0 ? `choice-${chosen}` : undefined}
        aria-label="A view, a process or a part of an id"
        placeholder="A view, a process or a part of an id"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') setAt(Math.min(chosen + 1, choices.length - 1));
          else if (event.key === 'ArrowUp') setAt(Math.max(chosen - 1, 0));
          else if (event.key === 'Enter') go(choices[chosen]);
          else return;
          event.preventDefault();
        }}
      />
      <ul id="palette-choices" role="listbox" aria-label="Found">
        {choices.map((choice, index) => (
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the input has the keys
          <li
            key={`${choice.kind} ${choice.to}`}
            id={`choice-${index}`}
            role="option"
            aria-selected={index === chosen}
            onClick={() => go(choice)}
          >
            <bdi>{visible(choice.text)}</bdi> <span className="quiet">{choice.kind}</span>
          </li>
        ))}
      </ul>
      {choices.length === 0 && <p className="quiet">Nothing is found.</p>}
    </dialog>
  );
}

async function findInstances(part: string, signal: AbortSignal): Promise<Choice[]> {
  const where = `id~"${part.replaceAll(/[\\"]/g, String.raw`\$&`)}"`;
  const { instances } = await get<InstancesView>(withParameters('/api/instances', { where, limit: 8 }), signal);
  return instances.map((row): Choice => ({
    text: row.id,
    kind: `${row.process}, ${row.paused ? 'paused' : row.status}`,
    to: instanceAddress(row),
  }));
}
