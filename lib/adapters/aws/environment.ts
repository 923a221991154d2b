import { OrchestratorError } from '../../contract/errors.ts';

/** The environment variables of a function, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An environment variable of a deployed function is missing or invalid. */
export class EnvironmentError extends OrchestratorError {
  constructor(name: string, got: string | undefined, expected: string) {
    const found = got === undefined || got === '' ? 'is not set' : `is ${JSON.stringify(got)}`;
    super('ENVIRONMENT_INVALID', `The environment variable ${name} ${found}: expected ${expected}.`, {
      retryable: false,
      remedy: `Set ${name}, or deploy the function with the constructs of tutti/cdk.`,
    });
  }
}

export function textVariable(environment: Environment, name: string, expected: string): string {
  const value = environment[name];
  if (value === undefined || value === '') throw new EnvironmentError(name, value, expected);
  return value;
}

export function numberVariable(environment: Environment, name: string, expected: string, otherwise?: number): number {
  const value = environment[name];
  if ((value === undefined || value === '') && otherwise !== undefined) return otherwise;
  const number = Number(value);
  if (value === undefined || !/^\d+$/.test(value)) throw new EnvironmentError(name, value, expected);
  return number;
}

/** A JSON object whose values are strings. @default empty */
export function mapVariable(environment: Environment, name: string, expected: string): Readonly<Record<string, string>> {
  const value = environment[name];
  if (value === undefined || value === '') return {};
  const map = parsed(value);
  if (typeof map !== 'object' || map === null || Array.isArray(map) || !Object.values(map).every((each) => typeof each === 'string'))
    throw new EnvironmentError(name, value, expected);
  return map as Readonly<Record<string, string>>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
