/** A sample of the text that Prometheus reads. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z]+)="((?:[^"\\]|\\.)*)"/g;

/** Parses the text, strictly: a line that is no sample and no comment, or a sample without its type before it, is an error. */
export function samplesIn(text: string): Sample[] {
  const types = new Map<string, string>();
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      if (line.startsWith('# HELP ')) return [];
      const [, name, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
      if (name !== undefined && type !== undefined) {
        if (types.has(name)) throw new Error(`${name} has two types`);
        types.set(name, type);
        return [];
      }
      const parsed = LINE.exec(line);
      if (!parsed) throw new Error(`${line} is no sample`);
      const [, of = '', labels = '', value = ''] = parsed;
      if (!types.has(of) && !types.has(of.replace(/_(?:bucket|sum|count)$/, ''))) throw new Error(`${of} has no type`);
      const named = Array.from(labels.matchAll(LABEL), ([, key = '', text = '']) => [key, unescaped(text)] as const);
      return [{ name: of, labels: Object.fromEntries(named), value: Number(value) }];
    });
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

/** The value of the one sample with this name and exactly these labels. */
export function valueOf(samples: readonly Sample[], name: string, labels: Sample['labels'] = {}): number | undefined {
  const key = (of: Sample['labels']): string => JSON.stringify(Object.entries(of).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return samples.find((sample) => sample.name === name && key(sample.labels) === key(labels))?.value;
}
