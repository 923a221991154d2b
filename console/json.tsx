import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import { useState, type ReactNode } from 'react';
import type { Json } from '../lib/console/views.ts';
import { visible } from './text.tsx';

/** Lines of a value that are shown at first. */
const LINES = 200;

/** A value as indented JSON. A long one is cut until the reader asks for all of it. */
export function JsonText({ value, label }: { readonly value: Json | undefined; readonly label: string }): ReactNode {
  const [whole, setWhole] = useState(false);
  if (value === undefined) return <span className="quiet">none</span>;
  const text = JSON.stringify(value, null, 2) ?? 'null';
  const lines = text.split('\n');
  const isCut = !whole && lines.length > LINES;
  return (
    <div className="json">
      <div className="json-copy">
        <CopyToClipboard
          variant="icon"
          textToCopy={text}
          copyButtonAriaLabel={`Copy ${label}`}
          copySuccessText="Copied"
          copyErrorText="The browser did not allow it"
        />
      </div>
      <pre aria-label={label} tabIndex={0} dir="ltr">
        {coloured(visible(isCut ? lines.slice(0, LINES).join('\n') : text))}
      </pre>
      {isCut && (
        <button type="button" className="plain-button" onClick={() => setWhole(true)}>
          Show all {lines.length} lines
        </button>
      )}
    </div>
  );
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Parts of JSON text with a class for their kind. A long text stays plain: thousands of elements are slow to draw. */
function coloured(text: string): ReactNode {
  if (text.length > 20_000) return text;
  const parts: ReactNode[] = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    parts.push(text.slice(at, match.index));
    const kind = match[2] !== undefined ? 'json-name' : match[1] !== undefined ? 'json-text' : 'json-other';
    parts.push(
      <span key={match.index} className={kind}>
        {match[0]}
      </span>,
    );
    at = match.index + match[0].length;
  }
  return [...parts, text.slice(at)];
}
