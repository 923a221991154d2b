import { describe, expect, test } from 'vitest';
import {
  HOLDS_MAX,
  HOLDS_PID,
  HOLD_EVENTS,
  holdsDefinition,
  holdOfInstance,
  scopeText,
  type Hold,
  type HoldEvent,
  type HoldsState,
} from '../../lib/contract/holds.ts';
import type { Json } from '../../lib/contract/schema.ts';
import { canonical } from '../../lib/contract/wire/json.ts';
import { newImage } from '../../lib/core/image.ts';
import { LiveInstance } from '../../lib/engine/advance/live-instance.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const environment = { system: 'trips', commands: new Map(), hash: sha256, canonical, tickThresholdMs: 0, checks: true };
const ASKED = { reason: 'a wrong price', by: 'Ann' };

const hold = (id: string, scope: { process: string } | { service: string }, tenant = 'default'): Hold => ({
  id,
  at: NOW,
  ...ASKED,
  clock: 'stop',
  tenant,
  ...scope,
});

/** The instance of the holds in the kernel of production, without an engine. */
class Holds {
  readonly live = new LiveInstance(
    { definition: holdsDefinition, environment, frontEndOf },
    newImage(HOLDS_PID, 'run', 'tutti--holds@1', NOW),
  );
  #begun = false;

  async tells(told: HoldEvent): Promise<this> {
    const event = { event: HOLD_EVENTS[told.act], id: 'e', source: 'trips', time: '', data: told as unknown as Json };
    const first = { type: 'ProcessStarted', at: NOW, definition: 'tutti--holds@1', ...event } as const;
    await this.live.apply(this.#begun ? { type: 'EventReceived', at: NOW, ...event } : first);
    this.#begun = true;
    return this;
  }

  get ids(): readonly string[] {
    return (this.live.run.image.view?.data as unknown as HoldsState | undefined)?.holds.map(({ id }) => id) ?? [];
  }
}

describe('the holds', () => {
  test('of a scope are one, which ends with its scope', async () => {
    const holds = await new Holds().tells({ act: 'pause', hold: hold('a', { process: 'trip' }) });
    await holds.tells({ act: 'pause', hold: hold('b', { process: 'trip' }) });
    await holds.tells({ act: 'pause', hold: hold('c', { process: 'trip' }, 'acme') });
    await holds.tells({ act: 'pause', hold: hold('d', { service: 'trip' }) });
    expect(holds.ids).toEqual(['a', 'c', 'd']);
    await holds.tells({ act: 'resume', ...ASKED, tenant: 'default', process: 'trip' });
    await holds.tells({ act: 'resume', ...ASKED, tenant: 'default', process: 'other' });
    expect(holds.ids).toEqual(['c', 'd']);
  });

  test('have a limit, beyond which a pause changes nothing', async () => {
    const holds = new Holds();
    for (let i = 0; i <= HOLDS_MAX; i += 1) await holds.tells({ act: 'pause', hold: hold(`h-${i}`, { process: `p-${i}` }) });
    expect(holds.ids).toHaveLength(HOLDS_MAX);
  });

  test('stay as they are when an operator cancels their instance', async () => {
    const holds = await new Holds().tells({ act: 'pause', hold: hold('a', { process: 'trip' }) });
    await holds.live.apply({ type: 'CancelRequested', at: NOW, id: 'c', ...ASKED });
    expect([holds.ids, holds.live.run.image.status]).toEqual([['a'], 'running']);
  });

  test('move into a new run when their journal is long', async () => {
    const holds = await new Holds().tells({ act: 'pause', hold: hold('a', { process: 'trip' }) });
    holds.live.run.position = 10_000;
    await holds.tells({ act: 'pause', hold: hold('b', { service: 'seats' }) });
    expect(holds.live.run.image.chain).toMatchObject({ first: 'run', number: 2 });
    await holds.tells({ act: 'resume', ...ASKED, tenant: 'default', process: 'trip' });
    expect(holds.ids).toEqual(['b']);
  });

  test('of a process are those of its instances in the same tenant', () => {
    const holds = [hold('a', { service: 'trip' }), hold('b', { process: 'trip' }, 'acme'), hold('c', { process: 'trip' })];
    expect(holdOfInstance(holds, 'default#trip#x')?.id).toBe('c');
    expect(holdOfInstance(holds, 'acme#trip#x')?.id).toBe('b');
    expect(holdOfInstance(holds, 'default#other#x')).toBeUndefined();
    expect(holds.map(scopeText)).toEqual(['the service trip', 'the process trip', 'the process trip']);
  });
});
