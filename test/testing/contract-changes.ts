import type { StandardSchemaV1 } from '@standard-schema/spec';
import { versions, type System } from 'tutti';
import type { CommandContract, EventContract, ProcessContract, SystemContract } from '../../lib/contract/runtime-contract.ts';
import type { Json, Schema } from '../../lib/contract/schema.ts';
import { systemContract } from '../../lib/contract/system.ts';

/** Contract changes that a deploy may make while runs are open. */
export interface ContractChange {
  readonly schema?: (before: Schema) => Schema;
  readonly undo?: (input: never, output: never) => unknown;
  readonly errors?: Readonly<Record<string, Schema>>;
  readonly limits?: Pick<CommandContract, 'onUnknown' | 'timeoutMs' | 'retry'>;
}

type Members = Readonly<Record<string, Json>>;

const schemaOf = (validate: (value: unknown) => StandardSchemaV1.Result<unknown>): Schema => ({
  '~standard': { version: 1, vendor: 'test', validate },
});

/** The previous schema, with its object schemas replaced. */
const remade =
  (make: (value: Members) => Members) =>
  (before: Schema): Schema =>
    schemaOf((value) => {
      const result = before['~standard'].validate(value) as StandardSchemaV1.Result<Json>;
      return result.issues || !isRecord(result.value) ? result : { value: make(result.value) };
    });

const isRecord = (value: Json): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);

const refused = (message: string): StandardSchemaV1.FailureResult => ({ issues: [{ message }] });

/** The next version requires a member that the previous schema does not have. */
const nextVersion = (before: Schema): Schema => {
  const next = schemaOf((value) => {
    if (value === null || value === undefined) return before['~standard'].validate(value) as StandardSchemaV1.Result<unknown>;
    return isRecord(value as Json) && 'added' in (value as Members) ? { value } : refused('added is missing');
  });
  return versions(before as never).next(next as never, ((old: Json) => (isRecord(old) ? { ...old, added: 'by upcast' } : old)) as never);
};

export const CONTRACT_CHANGES: Readonly<Record<string, ContractChange>> = {
  'an optional field': {
    schema: (before) => schemaOf((value) => before['~standard'].validate(value) as StandardSchemaV1.Result<unknown>),
  },
  'a default': { schema: remade((value) => ({ added: 'by default', ...value })) },
  'a version': { schema: nextVersion },
  'another order of members': { schema: remade((value) => Object.fromEntries(Object.entries(value).toReversed())) },
  'a field that is dropped': { schema: remade((value) => Object.fromEntries(Object.entries(value).slice(1))) },
  'a schema that takes nothing of before': { schema: () => schemaOf(() => refused('too much')) },
  'another undo': { undo: () => ({ added: 'by undo' }) },
  'an undo that throws': {
    undo: () => {
      throw new TypeError('not what it was made for');
    },
  },
  'narrower limits, which an unknown outcome may pass': {
    limits: { onUnknown: 'continue', timeoutMs: 1, retry: { withinMs: 1, attempts: 1, firstMs: 1, factor: 1, mostMs: 1 } },
  },
  'wider limits': {
    limits: { onUnknown: 'stuck', timeoutMs: 1e9, retry: { withinMs: 1e10, attempts: Infinity, firstMs: 1e6, factor: 3, mostMs: 1e8 } },
  },
  'an error': { errors: { Added: schemaOf((value) => ({ value })) } },
};

/** The system after a deploy that made this change to each contract. Its code is the same. */
export const changedSystem = (system: System<string>, change: ContractChange): System<string> => {
  const before = systemContract(system);
  const contract: SystemContract = {
    ...before,
    commands: mapped(before.commands, (each) => changedCommand(each, change)),
    services: mapped(before.services, (service) => ({
      ...service,
      commands: mapped(service.commands, (each) => changedCommand(each, change)),
    })),
    events: mapped(before.events, (each) => changedEvent(each, change)),
    processes: mapped(before.processes, (all) => all.map((each) => changedProcess(each, change))),
  };
  return { name: system.name, '~': { ...system['~'], contract } } as unknown as System<string>;
};

const changedCommand = (contract: CommandContract, { schema = same, undo, errors, limits }: ContractChange): CommandContract => ({
  ...contract,
  ...limits,
  input: schema(contract.input),
  output: schema(contract.output),
  errors: { ...contract.errors, ...errors },
  ...(contract.undo && undo && { undo: { ...contract.undo, input: undo } }),
});

const changedEvent = (event: EventContract, { schema = same }: ContractChange): EventContract => ({ ...event, data: schema(event.data) });

const changedProcess = (definition: ProcessContract, change: ContractChange): ProcessContract => ({
  ...definition,
  publishes: mapped(definition.publishes, (each) => changedEvent(each, change)),
  ...(definition.view && change.schema && { view: change.schema(definition.view) }),
});

const same = (schema: Schema): Schema => schema;

const mapped = <V, W>(map: ReadonlyMap<string, V>, of: (value: V) => W): Map<string, W> =>
  new Map([...map].map(([key, value]) => [key, of(value)]));
