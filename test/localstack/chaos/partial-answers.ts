import type { Choices } from '../../simulation/world/choices.ts';

type Json = Readonly<Record<string, any>>;

/** A request of which a part is kept from the service, and how the answer to the rest becomes that to the whole. */
export interface Partial {
  /** The forwarded part; undefined if it is empty. */
  readonly forwarded: Json | undefined;
  /** `answer` is the service's; of nothing where nothing was forwarded. */
  readonly answer: (answer: Json) => Json;
}

/** At least one is taken, possibly all. */
function taken(count: number, choices: Choices): ReadonlySet<number> {
  const one = choices.below(count);
  return new Set(Array.from({ length: count }, (_, index) => index).filter((index) => index === one || choices.chance(0.3)));
}

/** Some entries of a batch fail while the call succeeds; undefined where the request has none. */
export function failEntries(operation: string, request: Json, choices: Choices): Partial | undefined {
  const entries: readonly Json[] = request['Entries'] ?? [];
  if (entries.length === 0) return undefined;
  const failed = taken(entries.length, choices);
  const rest = entries.filter((_, index) => !failed.has(index));
  const forwarded = rest.length === 0 ? undefined : { ...request, Entries: rest };
  if (operation === 'PutEvents') return { forwarded, answer: (answer) => putEventsAnswer(entries, failed, answer) };
  const Failed = [...failed].map((index) => ({
    Id: entries[index]!['Id'],
    SenderFault: false,
    Code: 'InternalError',
    Message: 'The entry was lost on its way.',
  }));
  return { forwarded, answer: (answer) => ({ Successful: [], ...answer, Failed: [...(answer['Failed'] ?? []), ...Failed] }) };
}

/** Its results stand in the order of the entries and name none. */
function putEventsAnswer(entries: readonly Json[], failed: ReadonlySet<number>, answer: Json): Json {
  const given: readonly Json[] = answer['Entries'] ?? [];
  let next = 0;
  const refusal = { ErrorCode: 'InternalFailure', ErrorMessage: 'Unexpected error occurred.' };
  return {
    FailedEntryCount: Number(answer['FailedEntryCount'] ?? 0) + failed.size,
    Entries: entries.map((_, index) => (failed.has(index) ? refusal : given[next++])),
  };
}

/** Some keys of a BatchGetItem are left unprocessed; undefined where the request has none. */
export function leaveKeys(request: Json, choices: Choices): Partial | undefined {
  const [[table, wanted] = []] = Object.entries((request['RequestItems'] ?? {}) as Readonly<Record<string, Json>>);
  const keys: readonly unknown[] = wanted?.['Keys'] ?? [];
  if (table === undefined || keys.length === 0) return undefined;
  const left = taken(keys.length, choices);
  const others = { ...request['RequestItems'] };
  delete others[table];
  const asked = keys.filter((_, index) => !left.has(index));
  if (asked.length > 0) others[table] = { ...wanted, Keys: asked };
  const UnprocessedKeys = { [table]: { ...wanted, Keys: keys.filter((_, index) => left.has(index)) } };
  return {
    forwarded: Object.keys(others).length === 0 ? undefined : { ...request, RequestItems: others },
    answer: (answer) => ({ Responses: { [table]: [] }, ...answer, UnprocessedKeys: { ...answer['UnprocessedKeys'], ...UnprocessedKeys } }),
  };
}
