import { targetOf, type SourceFile } from './source-tree.ts';

/** A layer of lib: the number of its files, and the layers that it imports. */
export interface Layer {
  readonly name: string;
  readonly files: number;
  readonly imports: ReadonlySet<string>;
}

export function layersOf(tree: ReadonlyMap<string, SourceFile>): readonly Layer[] {
  const layers = new Map<string, { name: string; files: number; imports: Set<string> }>();
  for (const file of tree.values()) {
    const name = layerOf(file.path);
    if (name === undefined) continue;
    const layer = layers.get(name) ?? { name, files: 0, imports: new Set<string>() };
    layers.set(name, layer);
    layer.files += 1;
    for (const { specifier } of file.imports) {
      const target = layerOf(targetOf(file.path, specifier) ?? '');
      if (target !== undefined && target !== name) layer.imports.add(target);
    }
  }
  return [...layers.values()];
}

const layerOf = (path: string): string | undefined => /^lib\/([^/]+)\//.exec(path)?.[1];

const BOX = { width: 148, height: 46, gap: 40, rowGap: 62, margin: 24 };

/** An SVG with each layer above all layers that it imports. An arrow that follows from two others is left out. */
export function layerPicture(layers: readonly Layer[]): string {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const importsOf = (name: string): readonly string[] => [...(byName.get(name)?.imports ?? [])];
  const reaches = (from: string, to: string): boolean => importsOf(from).some((next) => next === to || reaches(next, to));
  const levelOf = (name: string): number => 1 + Math.max(-1, ...importsOf(name).map(levelOf));

  const rows = grouped(layers, levelOf);
  const widest = Math.max(...rows.map((row) => row.length));
  const width = 2 * BOX.margin + widest * BOX.width + (widest - 1) * BOX.gap;
  const height = 2 * BOX.margin + rows.length * BOX.height + (rows.length - 1) * BOX.rowGap;
  const places = new Map<string, { readonly x: number; readonly y: number }>();
  for (const [level, row] of rows.entries()) {
    const rowWidth = row.length * BOX.width + (row.length - 1) * BOX.gap;
    for (const [at, { name }] of row.entries())
      places.set(name, {
        x: (width - rowWidth) / 2 + at * (BOX.width + BOX.gap),
        y: height - BOX.margin - BOX.height - level * (BOX.height + BOX.rowGap),
      });
  }
  const arrows = layers.flatMap(({ name }) =>
    importsOf(name)
      .filter((to) => !importsOf(name).some((other) => other !== to && reaches(other, to)))
      .map((to) => arrow(places.get(name)!, places.get(to)!)),
  );
  const boxes = layers.map((layer) => box(layer, places.get(layer.name)!));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif">`,
    '<title>The layers of lib: each imports those that its arrows reach</title>',
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#57606a"/></marker></defs>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...arrows,
    ...boxes,
    '</svg>',
    '',
  ].join('\n');
}

function grouped(layers: readonly Layer[], levelOf: (name: string) => number): readonly (readonly Layer[])[] {
  const rows: Layer[][] = [];
  for (const layer of layers.toSorted((one, other) => one.name.localeCompare(other.name))) (rows[levelOf(layer.name)] ??= []).push(layer);
  return rows;
}

function arrow(from: { readonly x: number; readonly y: number }, to: { readonly x: number; readonly y: number }): string {
  const [x1, y1] = [from.x + BOX.width / 2, from.y + BOX.height];
  const [x2, y2] = [to.x + BOX.width / 2, to.y];
  const bend = Math.min(60, (y2 - y1) / 2);
  return `<path d="M${x1} ${y1} C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2 - 1}" fill="none" stroke="#57606a" stroke-width="1.2" marker-end="url(#head)"/>`;
}

function box({ name, files }: Layer, { x, y }: { readonly x: number; readonly y: number }): string {
  const middle = x + BOX.width / 2;
  return [
    `<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="6" fill="#f6f8fa" stroke="#1f2328"/>`,
    `<text x="${middle}" y="${y + 20}" text-anchor="middle" font-size="15" font-weight="600" fill="#1f2328">${name}</text>`,
    `<text x="${middle}" y="${y + 37}" text-anchor="middle" font-size="12" fill="#57606a">${files} files</text>`,
  ].join('\n');
}
