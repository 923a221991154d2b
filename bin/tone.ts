import type { Sentence } from './narrator.ts';
import type { Terminal } from './terminal.ts';

/** A sentence in the colour of its tone, where there are colours. */
export function paint({ colors }: Terminal, { text, tone }: Sentence): string {
  switch (tone) {
    case 'plain':
      return text;
    case 'good':
      return colors.green(text);
    case 'bad':
      return colors.red(text);
    case 'waiting':
      return colors.yellow(text);
  }
}
