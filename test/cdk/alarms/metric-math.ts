/**
 * The part of CloudWatch's metric math that the alarms use: arithmetic, comparison, AND, OR, IF and FILL, on one data point of each metric
 * ("Using math expressions with CloudWatch metrics"). A metric without a data point leaves the result without one, except inside FILL.
 */
export type Point = number | undefined;

export function evaluateMath(expression: string, metrics: (id: string) => Point): Point {
  const tokens = expression.match(/[A-Za-z_]\w*|\d+(?:\.\d+)?|[<>=!]=|&&|\|\||[-+*/(),<>]/g) ?? [];
  let at = 0;
  const next = (): string => tokens[at++] ?? '';
  const is = (...texts: readonly string[]): boolean => texts.includes(tokens[at] ?? '');
  const expect = (text: string): void => {
    const got = next();
    if (got !== text) throw new SyntaxError(`${expression}: expected ${text}, got ${got}`);
  };
  const level = (operators: readonly string[], inner: () => Point) => (): Point => {
    let left = inner();
    while (is(...operators)) left = apply(next(), left, inner());
    return left;
  };
  const atom = (): Point => {
    const token = next();
    if (token === '(') {
      const value = either();
      expect(')');
      return value;
    }
    if (/^\d/.test(token)) return Number(token);
    if (!is('(')) return metrics(token);
    next();
    const values = [either()];
    while (is(',')) {
      next();
      values.push(either());
    }
    expect(')');
    return call(token, values);
  };
  const either: () => Point = level(
    ['OR', '||'],
    level(['AND', '&&'], level(['<', '>', '<=', '>=', '==', '!='], level(['+', '-'], level(['*', '/'], atom)))),
  );
  const value = either();
  if (at < tokens.length) throw new SyntaxError(`${expression}: ${tokens[at]} is left over`);
  return value;
}

function call(name: string, [first, second, third]: readonly Point[]): Point {
  if (name === 'FILL') return first ?? second;
  if (name === 'IF') return first === undefined ? undefined : first === 0 ? third : second;
  throw new SyntaxError(`${name} is a function that the alarms did not use so far: write it here`);
}

function apply(operator: string, left: Point, right: Point): Point {
  if (left === undefined || right === undefined) return undefined;
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '<':
      return Number(left < right);
    case '>':
      return Number(left > right);
    case '<=':
      return Number(left <= right);
    case '>=':
      return Number(left >= right);
    case '==':
      return Number(left === right);
    case '!=':
      return Number(left !== right);
    case 'AND':
    case '&&':
      return Number(left !== 0 && right !== 0);
    default:
      return Number(left !== 0 || right !== 0);
  }
}
