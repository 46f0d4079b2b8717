/**
 * Data of the demo story, as the main process shows it to Carlo.
 *
 * @module
 */
import {
  type DecisionCode,
  domainListSchema,
  type Grant,
  gateCodeSchema,
  type Link,
  type Reason,
} from '@mandate/protocol'
import { reasonText } from '@mandate/ui'
import type { Item, ListedContact, Run, SessionView, Setup, Template, Trip } from '../../src/shared/views.ts'
import served from './domains.json' with { type: 'json' }

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const started = Date.now()

export const CARLO = 'user:p_8TQ4xw2mVb7rZk1NfYhG'
export const YANNICK = 'user:p_2Kd9sLq6Wc3vBn8XtRjM'
export const MIRA = 'user:p_5Hn1yEa4Uo7iPz0CgSdF'
export const AGENT = 'agent:booking-agent'

/** A ULID that sorts by its number. */
export const ulid = (number: number): string => `01KAM0000000000000000${String(number).padStart(5, '0')}`
/** An instant, in days from now; fractions are hours. */
export const inDays = (days: number): string => new Date(started + days * DAY_MS).toISOString()

export const MILAN = ulid(1)
const VIENNA = ulid(2)
export const MIRAS = ulid(3)

export const setup: Setup = {
  version: '0.1.0',
  issuer: 'https://id.example.org/realms/mandate',
  services: { pdp: 'https://pdp.example.org', trips: 'https://trips.example.org' },
  agents: [{ id: 'booking-agent', title: 'Booking agent', runsTrips: true }],
  host: 'electron',
  hasSecurityPolicy: true,
}

export const carlo: SessionView = {
  state: 'signed_in',
  subject: CARLO,
  persona: 'traveler/family',
  online: true,
  keptIn: 'keystore',
}
/** Has a persona of a domain that only the tests have. */
export const dora: SessionView = { ...carlo, subject: 'user:p_3Gh7tRw9Lk2Mx6QsVzBc', persona: 'donor/ward-2' }
export const yannick: SessionView = { ...carlo, subject: YANNICK, persona: 'travel-agent/acme' }

export const contactsOf: Readonly<Record<string, readonly ListedContact[]>> = {
  [CARLO]: [
    { party: YANNICK, name: 'Yannick', note: 'From the agency in Graz' },
    { party: MIRA, name: 'Mira', note: '', bySettings: true },
  ],
  [YANNICK]: [{ party: CARLO, name: 'Carlo', note: '' }],
}

/** What a PDP with the packs that ship and the tests' lab orders serves: `test/integration/domains.test.ts` writes and compares it. */
export const domains = domainListSchema.parse(served).items

const euros = (amount: number) => ({ amount: amount * 100, currency: 'EUR' })

export const templates: readonly Template[] = [
  {
    id: 'milan',
    title: 'Three days in Milan',
    departs_in_days: 60,
    items: [
      { name: 'hotel', planned_price: euros(4_200), risk: 1 },
      { name: 'dinner', planned_price: euros(120), risk: 0 },
      { name: 'flight', planned_price: euros(4_000), risk: 2 },
    ],
  },
  {
    id: 'day-in-vienna',
    title: 'A day in Vienna',
    departs_in_days: 21,
    items: [
      { name: 'train', planned_price: euros(89), risk: 1 },
      { name: 'museum', planned_price: euros(25), risk: 0 },
    ],
  },
]

/** A reason as a service tells it to a reader who may see the numbers. */
export function reason(code: DecisionCode, figures: Partial<Reason> = {}): Reason {
  const { user = code, cure } = reasonText(code, domains) ?? {}
  return { code, reason_user: user, ...(cure === undefined ? {} : { cure }), ...figures }
}

const aGrant = (number: number, grant: Partial<Grant>): Grant => ({
  id: ulid(100 + number),
  status: 'live',
  delegator: CARLO,
  delegator_persona: 'traveler/family',
  delegate: YANNICK,
  owner: CARLO,
  actions: ['read', 'execute'],
  scope: `workflow:${MILAN}`,
  limits: [],
  expires_at: inDays(6.9),
  redelegations: 1,
  unattended: false,
  created_at: inDays(-0.1),
  ...grant,
})

export const toYannick = aGrant(1, {})
export const toAgent = aGrant(2, {
  delegator: YANNICK,
  delegator_persona: 'travel-agent/acme',
  delegate: AGENT,
  expires_at: inDays(0.9),
  redelegations: 0,
  parent: toYannick.id,
})
const fromMira = aGrant(3, {
  delegator: MIRA,
  delegate: CARLO,
  owner: MIRA,
  actions: ['read', 'update'],
  scope: `workflow:${MIRAS}`,
  expires_at: inDays(12),
  limits: [{ attribute: 'planned_price', at_most: 50_000, currency: 'EUR' }],
})
const ended: readonly Grant[] = [
  aGrant(4, {
    status: 'revoked',
    delegate: MIRA,
    scope: `workflow:${VIENNA}`,
    revoked_at: inDays(-2),
    revoked_by: CARLO,
    revoke_reason: 'plans have changed',
  }),
  aGrant(5, { status: 'expired', expires_at: inDays(-5), created_at: inDays(-12), redelegations: 0 }),
]
export const grants: readonly Grant[] = [toYannick, toAgent, fromMira, ...ended]

export const linkOf = ({ id, delegator, delegate, actions, scope, expires_at }: Grant): Link => ({
  grant: id,
  delegator,
  delegate,
  actions,
  scope,
  expires_at,
})
export const chain = [linkOf(toYannick), linkOf(toAgent)]

const OVER = { gate: 'price', attribute: 'planned_price', limit: 410_000, actual: 420_000, currency: 'EUR' }
export const TOO_DEAR = [reason(gateCodeSchema.parse('price_above_limit'), OVER)]

const byAgent = { at: inDays(-0.02), subject: YANNICK, actor: AGENT, chain }
export const milanItems: readonly Item[] = [
  {
    id: ulid(11),
    name: 'hotel',
    status: 'planned',
    planned_price: euros(4_200),
    starts_at: inDays(60.25),
    risk: 1,
    version: 1,
    last_attempt: {
      ...byAgent,
      decision: false,
      reason: 'price_above_limit',
      reasons: TOO_DEAR,
      effect: 'none',
      evaluation_id: ulid(201),
    },
  },
  {
    id: ulid(12),
    name: 'dinner',
    status: 'booked',
    planned_price: euros(120),
    starts_at: inDays(60.5),
    risk: 0,
    version: 2,
    last_attempt: {
      ...byAgent,
      decision: true,
      reason: 'delegated',
      reasons: [reason('delegated')],
      effect: 'booked',
      evaluation_id: ulid(202),
    },
  },
  {
    id: ulid(13),
    name: 'flight',
    status: 'planned',
    planned_price: euros(4_000),
    starts_at: inDays(60),
    risk: 2,
    version: 1,
  },
]

const aTrip = (id: string, trip: Partial<Trip>): Trip => ({
  id,
  template: 'milan',
  owner: CARLO,
  owner_persona: 'traveler/family',
  created_at: inDays(-1),
  version: 1,
  items: milanItems.map(({ last_attempt: _, ...item }) => ({ ...item, status: 'planned' })),
  ...trip,
})

export const trips: readonly Trip[] = [
  aTrip(MILAN, { items: [...milanItems] }),
  aTrip(VIENNA, {
    template: 'day-in-vienna',
    created_at: inDays(-9),
    items: [
      {
        id: ulid(21),
        name: 'train',
        status: 'planned',
        planned_price: euros(89),
        starts_at: inDays(12),
        risk: 1,
        version: 1,
      },
    ],
  }),
  aTrip(MIRAS, { owner: MIRA, created_at: inDays(-4) }),
]

/** A run at its start. */
export const run: Run = {
  id: ulid(301),
  agent: 'booking-agent',
  workflow: MILAN,
  status: 'running',
  dry_run: false,
  subject: CARLO,
  persona: 'traveler/family',
  started_at: inDays(0),
  items: milanItems.map(({ id, name }) => ({ item: id, name, status: 'waiting' })),
}

/** What the services call things. */
export function labelsOf(ids: readonly string[]): Record<string, string> {
  const named = new Map([
    ...milanItems.map(({ id, name }) => [`workflow_item:${id}`, name] as const),
    ['care_plan:p1', 'care plan of 2026-11-20'] as const,
  ])
  return Object.fromEntries([...named].filter(([id]) => ids.includes(id)))
}
