import { serve, type Served } from 'tutti/service';
import { identityOf } from '../../../../lib/core/identity.ts';
import { sha256 } from '../../../../lib/format/inbox-message.ts';
import type { Choices } from '../../world/choices.ts';
import type { Act, EndedRun, Expectation, Scenario, Site } from '../scenario.ts';
import { accounts, vault } from './tenants-system.ts';

const MINUTE_MS = 60_000;
const TENANTS = ['north', 'south', 'default'] as const;
type Tenant = (typeof TENANTS)[number];

/**
 * Two tenants of one system use equal instance ids and equal event ids. Their events, client starts, operations, large values and published
 * events are in flight at the same time, and events of one are addressed to instances of the other.
 */
export const tenantsScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  const tenants = choices.chance(0.3) ? (['default', 'south'] as const) : (['north', 'south'] as const);
  for (let count = choices.between(1, 3), i = 1; i <= count; i += 1) {
    const atMs = choices.below(5 * MINUTE_MS);
    for (const tenant of tenants) open(`a${i}`, tenant, atMs, choices, acts, expectations);
    if (choices.chance(0.6)) cross(`a${i}`, tenants, atMs, choices, acts);
  }
  return { name: 'tenants', builds: [accounts], serve: served, acts, expectations };
};

const open = (id: string, tenant: Tenant, atMs: number, choices: Choices, acts: Act[], expectations: Map<string, Expectation>): void => {
  const pid = `${tenant}#account#${id}`;
  const startid = `${id}-opened`;
  // Some notes are large values, which are in the payload store.
  const note = `${tenant} `.repeat(choices.one([1, 20, 15_000]));
  const fails = choices.chance(0.3);
  const data = { id, whose: tenant, note, fails };
  const asked = choices.chance(0.4) && note.length < 50_000;
  const beginAt = (at: number): Act =>
    asked
      ? { kind: 'start', atMs: at, process: 'account', id, startid, tenant, data }
      : { kind: 'publish', atMs: at, source: 'accounts', type: 'accounts.opened', id: startid, tenant, data };
  acts.push(beginAt(atMs));
  if (choices.chance(0.4)) acts.push(beginAt(atMs + choices.below(10 * MINUTE_MS)));
  const said = choices.chance(0.7) ? [`${id}-said`] : [];
  // An event before the start waits in the early buffer of its own tenant.
  for (const each of said) acts.push(say(each, id, tenant, tenant, choices.below(40 * MINUTE_MS)));
  const operated = choices.chance(0.2) ? (['cancel'] as const) : [];
  for (const act of operated) acts.push({ kind: 'operate', atMs: atMs + choices.below(20 * MINUTE_MS), pid, opid: `${id}-operated`, act });
  expectations.set(pid, { starts: [startid], events: said, operated, judge: (run) => judge(run, tenant, fails) });
  const noted = `${pid}/${identityOf(sha256, { pid, event: 'accounts.opened', id: startid })}/2`;
  const copied = `${tenant}#copy#${id}`;
  expectations.set(copied, { starts: [noted], events: [], begunByAnother: true, operated: [], judge: (run) => judge(run, tenant, false) });
};

const say = (eventId: string, id: string, tenant: Tenant, whose: Tenant, atMs: number): Act => ({
  kind: 'publish',
  atMs,
  source: 'accounts',
  type: 'accounts.said',
  id: eventId,
  tenant,
  data: { id, whose },
});

/** Sends an event of one tenant to the instance of the other by its pid. The engine must refuse it. */
const cross = (id: string, [one, other]: readonly [Tenant, Tenant], atMs: number, choices: Choices, acts: Act[]): void => {
  const [from, to] = choices.chance(0.5) ? [one, other] : [other, one];
  const crossing = say(`${id}-crossing`, id, from, from, atMs + choices.below(20 * MINUTE_MS));
  acts.push({ ...crossing, processid: `${to}#account#${id}` } as Act);
};

/** I15: nothing that a run has read, decided or done is of another tenant. */
const judge = ({ pid, status, entries, effects, result }: EndedRun, tenant: Tenant, fails: boolean): string[] => {
  const wrong: string[] = [];
  const foreign = TENANTS.filter((each) => each !== tenant && each !== 'default');
  for (const entry of entries)
    for (const each of foreign)
      if (JSON.stringify(entry).includes(`"whose":"${each}"`)) wrong.push(`I15: ${pid} has ${entry.type} of ${each} in its journal`);
  for (const { command, input } of effects) {
    const { whose } = input as { readonly whose: string };
    if (whose !== tenant) wrong.push(`I15: ${command} of ${pid} was done for ${whose}`);
  }
  if (status === 'completed' && JSON.stringify(result).includes('"whose"') && (result as { whose: string }).whose !== tenant)
    wrong.push(`I15: ${pid} ended with a result of ${(result as { whose: string }).whose}`);
  if (status === 'completed' && fails) wrong.push(`${pid} has completed, although its code throws`);
  return wrong;
};

const served = (site: Site): readonly Served[] => {
  const does = async (command: string, whose: string, { commandId, undoes }: { commandId: string; undoes?: string }): Promise<void> => {
    await site.pass();
    site.effect({ commandId, command, input: { whose }, ...(undoes !== undefined && { undoes }) });
    await site.pass();
  };
  return [
    serve(vault, {
      keep: async ({ whose }, task) => {
        await does('vault.keep', whose, task);
        return { whose };
      },
      remove: async ({ whose }, task) => does('vault.remove', whose, task),
    }),
  ];
};
