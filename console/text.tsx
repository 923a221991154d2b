import Badge from '@cloudscape-design/components/badge';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { useEffect, useState, type ReactNode } from 'react';

/*
 * Texts of a system are data that may hold anything: markup is never read (React writes text), control characters are shown as numbers, and the
 * direction of a text ends with it.
 */

/** A text from the system, for one line. */
export function Data({ children }: { readonly children: string }): ReactNode {
  return <bdi className="data">{visible(children)}</bdi>;
}

/** The text with its number in place of each control character and of each character that turns the direction of the text around it. */
export function visible(text: string): string {
  return text.replaceAll(HIDDEN, (character) => `‹U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}›`);
}

/** All control characters but the line break and the tab, and the characters that turn directions. */
// oxlint-disable-next-line no-control-regex
const HIDDEN = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** The time between two instants, in its two largest units: `3 h 5 min`. */
export function span(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const parts = UNITS.map(([size, name], at) => {
    const above = UNITS[at - 1];
    return { count: Math.floor((above ? ms % above[0] : ms) / size), name };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  const [one, other] = parts.slice(first, first + 2);
  const rest = other && other.count > 0 && one && one.count < 10 ? ` ${other.count} ${other.name}` : '';
  return one ? `${one.count} ${one.name}${rest}` : '0 s';
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** The present instant, renewed each second while the page is seen. */
export function useNow(every = 1_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** The age of an instant; its title is the instant. */
export function Ago({ at }: { readonly at: string }): ReactNode {
  const now = useNow();
  return (
    <time dateTime={at} title={`${at} (${local(at)} here)`} className="number">
      {span(now - Date.parse(at))} ago
    </time>
  );
}

/** An instant that comes, or that is past. */
export function Until({ at }: { readonly at: string }): ReactNode {
  const now = useNow();
  const rest = Date.parse(at) - now;
  return (
    <time dateTime={at} title={`${at} (${local(at)} here)`} className="number">
      {rest >= 0 ? `in ${span(rest)}` : `${span(-rest)} ago`}
    </time>
  );
}

/** An instant in the zone of the reader. */
export function At({ at, milliseconds }: { readonly at: string; readonly milliseconds?: boolean }): ReactNode {
  return (
    <time dateTime={at} title={at} className="number">
      {local(at, milliseconds)}
    </time>
  );
}

export function local(at: string | number, milliseconds = false): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}${milliseconds ? `.${String(date.getMilliseconds()).padStart(3, '0')}` : ''}`;
}

/** A number for a reader: `12,400`; with `more`: `10,000+`. */
export function count(value: number, more = false): string {
  return `${value.toLocaleString('en')}${more ? '+' : ''}`;
}

/** The reason of a version, without the answer to whether it can leave the system. */
export function withoutAnswer(why: string): string {
  return why.replace(/^(?:yes|no): /, '');
}

/** `1 event`, `2 events`. */
export function many(value: number, noun: string, more = false): string {
  return `${count(value, more)} ${noun}${value === 1 && !more ? '' : 's'}`;
}

const LOOKS: Readonly<Record<string, StatusIndicatorProps.Type>> = {
  running: 'in-progress',
  completed: 'success',
  failed: 'error',
  cancelled: 'stopped',
  terminated: 'stopped',
  stuck: 'warning',
  paused: 'pending',
  done: 'success',
  open: 'in-progress',
  unchanged: 'info',
  left: 'pending',
  active: 'success',
  ended: 'stopped',
};

/** The status of an instance, a job, a schedule or a result, as a word and a sign. */
export function StatusWord({ status, paused }: { readonly status: string; readonly paused?: boolean }): ReactNode {
  const word = paused ? 'paused' : status;
  return (
    <span className="status">
      <StatusIndicator type={LOOKS[word] ?? 'info'}>{word}</StatusIndicator>
    </span>
  );
}

/** The tags of an instance. */
export function Tags({ tags }: { readonly tags: Readonly<Record<string, string>> | undefined }): ReactNode {
  const pairs = Object.entries(tags ?? {});
  if (pairs.length === 0) return <span className="quiet">none</span>;
  return (
    <span className="tags">
      {pairs.map(([name, value]) => (
        <Badge key={name}>
          <Data>{`${name}=${value}`}</Data>
        </Badge>
      ))}
    </span>
  );
}

/** The line that says how old a view is. */
export function AsOf({ at }: { readonly at: string | undefined }): ReactNode {
  return at === undefined ? null : (
    <span className="quiet" title="The index may lag behind the instances for some seconds. Each operation reads the instance itself.">
      as of {local(at).slice(11)}
    </span>
  );
}
