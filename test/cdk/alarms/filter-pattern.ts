/** The part of the filter patterns of CloudWatch Logs that the metric filters use: texts compared with = and !=, joined by && and ||. */
export function matches(pattern: string, line: unknown): boolean {
  const inner = /^\{(.*)\}$/s.exec(pattern)?.[1];
  if (inner === undefined) throw new SyntaxError(`${pattern} is no JSON filter`);
  const tokens = inner.match(/\$[\w.]+|"[^"]*"|!=|=|&&|\|\||[()]/g) ?? [];
  let at = 0;
  const next = (): string => tokens[at++] ?? '';
  const comparison = (): boolean => {
    const first = next();
    if (first === '(') {
      const value = either();
      next();
      return value;
    }
    const operator = next();
    const equal = selected(line, first) === JSON.parse(next());
    return operator === '=' ? equal : !equal;
  };
  const both = (): boolean => {
    let value = comparison();
    while (tokens[at] === '&&') {
      next();
      value = comparison() && value;
    }
    return value;
  };
  const either = (): boolean => {
    let value = both();
    while (tokens[at] === '||') {
      next();
      value = both() || value;
    }
    return value;
  };
  const value = either();
  if (at !== tokens.length) throw new SyntaxError(`${pattern}: ${tokens[at]} is left over`);
  return value;
}

/** `$.message.count` of a line. */
export function selected(line: unknown, path: string): unknown {
  return path
    .split('.')
    .slice(1)
    .reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined),
      line,
    );
}
