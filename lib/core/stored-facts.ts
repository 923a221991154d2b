import { parseStored, versionOf } from '../contract/versions.ts';
import type { Schema } from '../contract/schema.ts';
import type { RecordedFact } from './journal-entry.ts';
import type { ProcessRun } from './run.ts';

/**
 * Converts a fact to the newest version of its contract, the only one that the types of user code know. A live fact has been parsed by that
 * version, and its entry records the number. An entry of an earlier build is upcast at each replay, because the journal keeps the received
 * data. Data that the contract no longer accepts stays as it is.
 */
export function asNewestVersion(run: ProcessRun, fact: RecordedFact): RecordedFact {
  const schema = schemaOf(run, fact);
  const newest = schema ? versionOf(schema) : 1;
  if (!schema || !('data' in fact) || newest === 1) return fact;
  if (!run.expected) return { ...fact, dataversion: newest };
  // Version 1 is not written, and older builds wrote none at all: `parseStored` then takes the oldest version that fits.
  return (fact.dataversion ?? 1) >= newest ? fact : { ...fact, data: parseStored(schema, fact.data, fact.dataversion) };
}

function schemaOf(run: ProcessRun, fact: RecordedFact): Schema | undefined {
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
}

/** The schema of an event. The start of a process without `startOn` has the schema of its input. */
function eventSchema({ definition }: ProcessRun, type: string): Schema | undefined {
  const correlation = [...definition.startOn, ...definition.receives].find(({ event }) => event.type === type);
  return correlation ? correlation.event.data : definition.input;
}
