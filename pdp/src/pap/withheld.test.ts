import { expect, test } from 'vitest'
import type { Manifest } from '../policy/manifest.ts'
import type { InForce } from '../policy/pack.ts'
import type { GrantBody } from '../ports/grants.ts'
import type { PersonaRecord } from '../ports/register.ts'
import { type ActingFacts, withheldOf } from './withheld.ts'

const NOW = 1_000
const OWNER = 'ann.traveler.family.1'
const AGENCY = 'bob.travel-agent.acme.1'

const manifest = {
  titles: { traveler: { by_grant: ['read'] }, 'travel-agent': { by_grant: ['read', 'book'] } },
  gates: [
    { name: 'consent', relation: 'may', reason: 'no_consent', actions: ['book'] },
    { name: 'price', relation: 'price', reason: 'price_above_limit', attribute: 'price', actions: ['book'] },
  ],
} as unknown as Manifest
const pack = { manifest }
const policies = () =>
  ({ byType: new Map([['trip', pack]]), byDomain: new Map([['travel', pack]]) }) as unknown as InForce
const deps = { policies, clock: () => NOW }

const aPersona = (id: string, persona: Partial<PersonaRecord> = {}): PersonaRecord => ({
  id,
  holder: `user:${id.split('.')[0]}`,
  title: id.split('.')[1] ?? '',
  circle: id.split('.')[2] ?? '',
  domain: 'travel',
  status: 'active',
  validFrom: 0,
  validTill: NOW + 1,
  autonomy: { consent: true, limits: {} },
  createdAt: 0,
  ...persona,
})

/** Facts of Ann, who owns, and Bob of the agency. */
function facts(more: { agent?: boolean | undefined; owner?: Partial<PersonaRecord>; bob?: Partial<PersonaRecord> }) {
  const personas = [aPersona(OWNER, more.owner), aPersona(AGENCY, more.bob)]
  const active = 'agent' in more ? more.agent : true
  const found: ActingFacts = {
    agent: async (ref) => (active === undefined ? undefined : { id: ref, active, serviceSub: undefined, createdAt: 0 }),
    persona: async (id) => personas.find((persona) => persona.id === id),
    personas: async (holder) => personas.filter((persona) => persona.holder === holder),
  }
  return found
}

const aGrant = (grant: Partial<GrantBody> = {}): GrantBody =>
  ({
    delegate: 'agent:x',
    asks: '',
    actions: ['read', 'book'],
    covers: 'trip:milan',
    givers: [`persona:${OWNER}`],
    ...grant,
  }) as GrantBody
const toBob = aGrant({ delegate: 'user:bob' })
const byBob = aGrant({ givers: [`persona:${OWNER}`, `persona:${AGENCY}`] })
const ALL = ['read', 'book']

test.for([
  ['a grant that can be used withholds nothing', aGrant(), {}, []],
  ['G1: a suspended agent', aGrant(), { agent: false }, [{ code: 'agent_suspended', actions: ALL }]],
  ['G1: an agent that is not registered', aGrant(), { agent: undefined }, [{ code: 'agent_unknown', actions: ALL }]],
  ['F4: consent withdrawn', aGrant(), { owner: { autonomy: undefined } }, [{ code: 'no_consent', actions: ['book'] }]],
  ['F4: consent is asked of agents only', toBob, { owner: { autonomy: undefined } }, []],
  [
    'F3: the owner’s persona is suspended',
    aGrant({ covers: 'all:travel' }),
    { owner: { status: 'suspended' } },
    [{ code: 'owner_persona_unusable', actions: ALL }],
  ],
  [
    'F1: the owner’s persona ends at this very instant',
    aGrant(),
    { owner: { validTill: NOW } },
    [{ code: 'owner_persona_unusable', actions: ALL }],
  ],
  ['D1: a giver in between', byBob, { bob: { status: 'inactive' } }, [{ code: 'chain_broken', actions: ALL }]],
  [
    'F3: no persona of the delegate is usable',
    toBob,
    { bob: { status: 'suspended' } },
    [{ code: 'persona_unusable', actions: ALL }],
  ],
  [
    'D1: nor any that the grant asks for',
    aGrant({ delegate: 'user:bob', asks: 'traveler' }),
    {},
    [{ code: 'persona_unusable', actions: ALL }],
  ],
  [
    'F2: a title may use some of the actions',
    aGrant({ delegate: 'user:ann' }),
    {},
    [{ code: 'persona_unusable', actions: ['book'] }],
  ],
] as const)('%s', async ([, grant, more, expected]) => {
  expect(await withheldOf(grant, facts(more), deps)).toEqual(expected)
})
