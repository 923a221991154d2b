import type { PlantedBug } from './planted-bug.ts';

/** Messages that are admitted to the wrong instance, or refused although they are genuine. The scenario tenants has two tenants that use equal ids. */
export const admissionBugs: readonly PlantedBug[] = [
  {
    name: 'ADDRESSED_ACROSS',
    rows: [],
    scenario: 'tenants',
    what: 'An event of one tenant reaches an instance of another tenant, to which it is addressed.',
    patches: [
      {
        file: 'lib/engine/admit/admit-event.ts',
        find: 'if (!isOwnTenants(envelope))',
        plant: 'if (!PLANTED && !isOwnTenants(envelope))',
      },
    ],
  },
  {
    name: 'PUBLISHED_ACROSS',
    rows: [],
    scenario: 'tenants',
    what: 'An event that an instance publishes carries no tenant, so it reaches the default tenant.',
    patches: [
      {
        file: 'lib/engine/send/dispatch.ts',
        find: "...(version > 1 && { dataversion: version }),\n    ...(id && { subject: id.id, ...(id.tenant !== 'default' && { tenant: id.tenant }) }),\n    hops:",
        plant:
          "...(version > 1 && { dataversion: version }),\n    ...(id && { subject: id.id, ...(!PLANTED && id.tenant !== 'default' && { tenant: id.tenant }) }),\n    hops:",
      },
    ],
  },
  {
    name: 'STARTED_ACROSS',
    rows: [],
    scenario: 'tenants',
    what: 'The start of a client goes to the default tenant, regardless of the tenant that it names.',
    patches: [
      {
        file: 'lib/engine/admit/admit-start.ts',
        find: 'buildPid(start.tenant, start.process, start.id)',
        plant: "buildPid(PLANTED ? 'default' : start.tenant, start.process, start.id)",
      },
    ],
  },
  {
    name: 'FORBIDDEN_ON_STALE_READ',
    rows: [],
    what: 'A reply that a stale image rejects as FORBIDDEN is parked, without a consistent read of the head.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'if (!strong) for (const item of items) item.refused = undefined;',
        plant: "if (!strong) for (const item of items) if (!PLANTED || item.refused?.code !== 'FORBIDDEN') item.refused = undefined;",
      },
    ],
  },
];
