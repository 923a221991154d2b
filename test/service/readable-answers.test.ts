import { describe, expect, test } from 'vitest';
import { VALUE_BYTES_MAX, parseEnvelope, toWire } from '../../lib/contract/wire/wire.ts';
import { servePayments } from './payments.ts';
import { command, ServiceRig } from './service-rig.ts';

const HALF = 'a text that was cut \ud83d';

/** Delivers the command until it has a definite answer. */
const answered = async (rig: ServiceRig): Promise<string> => {
  for (let deliveries = 0; deliveries < 30 && rig.replies.length === 0; deliveries += 1) {
    await rig.deliver();
    rig.clock.advance(3_600_000);
  }
  return toWire(rig.replies[0] as never);
};

describe('the process can read every reply', () => {
  test('a declared error with a malformed text has a readable reply', async () => {
    const rig = new ServiceRig(
      servePayments(async (_input, task) => {
        throw task.errors.CardDeclined({ reason: 'no' }, HALF);
      }),
    );
    rig.send();
    expect(parseEnvelope(await answered(rig))).toMatchObject({
      kind: 'reply',
      envelope: { outcome: 'failed', data: { type: 'CardDeclined' } },
    });
  });

  test.each([
    ['not well formed', new TypeError(HALF)],
    ['longer than the bus takes', new TypeError('x'.repeat(300_000))],
    ['none at all', Object.create(null) as unknown],
  ])('a command that is given up has a readable reply if the text of its error is %s', async (_, thrown) => {
    const rig = new ServiceRig(
      servePayments(async () => {
        throw thrown;
      }),
    );
    rig.queue.put(toWire(command({ retryattempts: 1 })));
    expect(parseEnvelope(await answered(rig))).toMatchObject({ kind: 'reply' });
  });

  test('an answer of more than 20 MB is refused before it is recorded, and the reply is readable', async () => {
    const rig = new ServiceRig(servePayments(async () => ({ paymentId: 'x'.repeat(VALUE_BYTES_MAX) })));
    rig.queue.put(toWire(command({ retryattempts: 1 })));
    const [outcome] = await rig.deliver();
    expect(outcome).toMatchObject({ action: 'deleted' });
    expect(rig.replies).toMatchObject([{ outcome: 'unknown', data: { type: 'DATA_TOO_LARGE' } }]);
  });

  test.each([
    ['is not of the orchestrator', 's3://b/payments/x'],
    ['goes up', 'payload:../x'],
  ])('a command whose dataref %s has a readable reply', async (_, dataref) => {
    const rig = new ServiceRig(servePayments(async () => ({ paymentId: 'p-1' })));
    const { data: _data, ...rest } = command();
    rig.queue.put(toWire({ ...rest, dataref }));
    const [outcome] = await rig.deliver();
    expect(outcome).toMatchObject({ action: 'given-back', visibilitySeconds: 60 });
    expect(rig.notices.filter(({ kind }) => kind === 'fault')).toEqual([]);
  });

  test('a command whose stored data is not JSON has a readable reply', async () => {
    const rig = new ServiceRig(servePayments(async () => ({ paymentId: 'p-1' })));
    const hash = '9f'.repeat(32);
    await rig.payloads.put('', hash, 'no json');
    const { data: _, ...rest } = command();
    rig.queue.put(toWire({ ...rest, dataref: rig.payloads.reference('', hash) }));
    const [outcome] = await rig.deliver();
    expect(outcome).toMatchObject({ action: 'given-back', visibilitySeconds: 60 });
    expect(rig.notices.filter(({ kind }) => kind === 'fault')).toEqual([]);
    expect(parseEnvelope(await answered(rig))).toMatchObject({ kind: 'reply', envelope: { outcome: 'failed', retryable: true } });
  });
});
