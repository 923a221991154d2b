import { createHash } from 'node:crypto';
import { limitsText } from '../../../contract/limits.ts';
import { instantText } from '../../../contract/wire/wire.ts';
import type { CommandRecord } from '../../../ports/idempotency-store.ts';
import { claim, type ClaimRequest } from '../command-record.ts';
import type { Job } from '../job.ts';
import { decideAgain, noticeOn, type NextStep } from '../next-step.ts';
import type { Ended } from '../run-end.ts';
import type { RunnerDependencies } from '../runner-dependencies.ts';
import type { ServedCommand } from '../../served.ts';
import { askForPlace, extended, freed, resting, type PlaceHeld, type PlaceOrWait } from './limit-state.ts';
import type { Limiter } from './limiter.ts';

/** `wait`: the message goes back until then. */
export type Admitted = NextStep | { readonly kind: 'wait'; readonly until: number };

/**
 * Asks the limit of a command for a place. Input: a job whose command may run by its record. Output: the decision on the record again, now with a
 * place, or with a time that is reserved; or the time until which the message goes back.
 * Trunk: `admitRun`; limit-state.ts decides, limiter.ts writes.
 */
export async function admitRun(
  job: Job,
  found: CommandRecord | undefined,
  limiter: Limiter,
  { clock, leaseMs, report }: Pick<RunnerDependencies, 'clock' | 'leaseMs' | 'report'>,
): Promise<Admitted> {
  const { message, command, delivery, limitKey = '' } = job;
  const { limits = {} } = job.served as ServedCommand;
  const id = limitId(command.type, limitKey);
  const request = {
    commandId: `${job.keyPrefix}${command.id}`,
    token: delivery.token,
    // A copy that this service has sent again has the time of the first one.
    issuedAt: Date.parse(command.time),
    again: message.receiveCount > 1 || job.waited === true,
    slotAt: found?.slotAt,
    leaseMs,
  };
  const place = await limiter.change(id, (state, now) => askForPlace(limits, state, request, now));
  if (place.kind === 'run') {
    job.flight.place = held(limiter, id, delivery.token);
    job.admitted = found?.revision ?? 0;
    job.delivery = { ...delivery, now: clock.now(), leaseUntil: place.until };
    return decideAgain(found);
  }
  job.waited = true;
  report(noticeOn(job, 'limited', waitText(job, place)));
  const { until, slotAt } = place;
  // A wait without a record needs none: a copy asks for itself.
  if (slotAt === undefined && found?.slotAt === undefined) return place;
  return decideAgain(found, (record, at) => waitingRecord(record, at, until, slotAt));
}

function held(limiter: Limiter, id: string, token: string): PlaceHeld {
  return {
    extend: (until) =>
      limiter.change(id, (state) => {
        const next = extended(state, token, until);
        return next === undefined ? [state, false] : [next, true];
      }),
    free: () => limiter.change(id, (state, now) => [freed(state, token, now), undefined]),
    rest: (until) => limiter.change(id, (state) => [resting(state, until), undefined]),
  };
}

/**
 * The record of a run with a reserved time, or without the one that it has given back: no copy runs before `until` (R12), and settling finds that
 * nothing has happened.
 */
function waitingRecord(record: CommandRecord | undefined, delivery: ClaimRequest, until: number, slotAt: number | undefined): Ended {
  const verdict = claim(record, delivery);
  if (verdict.kind !== 'run') return verdict;
  const { token: _token, leaseUntil: _lease, ...rest } = verdict.write;
  return { kind: 'pause', until, write: { ...rest, nextRunAt: until, ...(slotAt !== undefined && { slotAt }) } };
}

/** `|` begins the id of no command. A key may be any text, so its hash stands in the id. */
function limitId(command: string, key: string): string {
  const hash = key === '' ? '' : createHash('sha256').update(key).digest('base64url').slice(0, 22);
  return `|${command}|${hash}`;
}

function waitText({ command, served, limitKey }: Job, { until, cause }: Extract<PlaceOrWait, { kind: 'wait' }>): string {
  const { limits = {} } = (served as ServedCommand).contract;
  const key = limitKey === undefined ? '' : `, here ${JSON.stringify(limitKey)}`;
  const why = cause === 'rest' ? 'its handler asked for a pause of this key' : `it waits for its limit of ${limitsText(limits)}${key}`;
  const at = cause === 'rate' ? 'runs at' : 'tries again at about';
  return `${command.type} ${at} ${instantText(until)}: ${why}`;
}
