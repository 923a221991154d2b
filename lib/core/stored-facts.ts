import { parseStored, versionOf } from '../contract/versions.ts';
import type { Schema } from '../contract/schema.ts';
import type { RecordedFact } from './journal-entry.ts';
import type { ProcessRun } from './run.ts';

/**
 * The fact as the code of this build reads it. The types of user code know the newest version of a contract only. A live fact has been
 * parsed by it, and the entry says which version that is. An entry that an earlier build wrote is upcast each time it is replayed: the
 * journal keeps what was received. Data that the contract does not accept any more stays as it is.
 */
export const asNewestVersion = (run: ProcessRun, fact: RecordedFact): RecordedFact => {
  const schema = schemaOf(run, fact);
  const newest = schema ? versionOf(schema) : 1;
  if (!schema || !('data' in fact) || newest === 1) return fact;
  if (!run.expected) return { ...fact, dataversion: newest };
  // A build that wrote no version cannot have known more than one that it left out, so the oldest that fits counts.
  return (fact.dataversion ?? 1) >= newest ? fact : { ...fact, data: parseStored(schema, fact.data, fact.dataversion) };
};

const schemaOf = (run: ProcessRun, fact: RecordedFact): Schema | undefined => {
  switch (fact.type) {
    case 'ProcessStarted':
    case 'EventReceived':
      return eventSchema(run, fact.event);
    case 'CommandAnswered': {
      if (fact.outcome !== 'completed') return undefined;
      const command = fact.late?.command ?? run.image.commands.get(fact.n)?.command;
      return run.environment.commands.get(command ?? '')?.output;
    }
    default:
      return undefined;
  }
};

/** A client starts a process without an event by its input. */
const eventSchema = ({ definition }: ProcessRun, type: string): Schema | undefined => {
  const correlation = [...definition.startOn, ...definition.receives].find(({ event }) => event.type === type);
  return correlation ? correlation.event.data : definition.input;
};
