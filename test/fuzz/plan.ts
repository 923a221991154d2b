/**
 * The number of hostile inputs for each edge of the system in a run, and their seed.
 *
 *   npx vitest run test/fuzz                            50,000 inputs, from the seed that is printed
 *   FUZZ_SEED=… npx vitest run test/fuzz                the same inputs again
 *   FUZZ_INPUTS=1000000 npx vitest run test/fuzz        a longer run
 *   FUZZ_SEED=… FUZZ_BATCH=17 npx vitest run test/fuzz  only the batch that a failure names
 */
export const INPUTS_DEFAULT = 50_000;

/** The inputs of each edge in a run of the default length. A longer run has proportionally more. */
export const SHARES = {
  inbox: 17_000,
  'inbox of the deployed function': 4_000,
  'dead letters': 3_000,
  'queue of a service': 8_000,
  'function of a service': 4_000,
  client: 4_000,
  contracts: 3_000,
  'wire and journal': 4_000,
  items: 3_000,
} as const;

export type Edge = keyof typeof SHARES;

/** The inputs of one batch, the size of an SQS batch. */
export const BATCH = 10;

const variable = (name: string): string | undefined => process.env[name] || undefined;

export const SEED = variable('FUZZ_SEED') ?? '20261121';
export const ONLY_BATCH = variable('FUZZ_BATCH') === undefined ? undefined : Number(variable('FUZZ_BATCH'));

const inputsAsked = Number(variable('FUZZ_INPUTS') ?? INPUTS_DEFAULT);

export const inputsOf = (edge: Edge): number => Math.ceil((SHARES[edge] * inputsAsked) / INPUTS_DEFAULT / BATCH) * BATCH;

/** Far above the duration of a run on an idle core. */
export const timeoutMs = (edge: Edge): number => 120_000 + inputsOf(edge) * 20;
