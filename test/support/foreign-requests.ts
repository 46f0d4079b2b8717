/**
 * Requests with ids of another tenant, for every operation of the PDP that takes one. Each is made for two sets of things: those of the other tenant, and
 * those that nobody has.
 *
 * @module
 */
import type { TenantCaller, TenantThings } from '../fixtures/tenants.ts'

export interface ForeignRequest {
  /** Whose token is sent: the one that the thing's own tenant would let do this. */
  readonly as: TenantCaller
  readonly path: string
  readonly body?: unknown
}

/** What a request is built from. */
export interface Foreign {
  readonly things: TenantThings
  /** Subs of A and B, the same at both tenants. */
  readonly a: string
  readonly b: string
}

type Build = (of: Foreign) => ForeignRequest | readonly ForeignRequest[]

const READ = { name: 'read' }
const user = (id: string) => ({ type: 'user', id })
const trip = ({ things }: Foreign) => ({ type: 'workflow', id: things.trip })
const question = (of: Foreign) => ({ subject: user(of.a), action: READ, resource: trip(of) })
const grantOn = ({ things, b }: Foreign) => ({
  delegate: `user:${b}`,
  delegator_persona: 'traveler/family',
  actions: ['read'],
  scope: `workflow:${things.trip}`,
})
/** Of one's own trip, passing on a grant of the other tenant. */
const passedOn = ({ things, a }: Foreign) => ({
  delegate: `user:${a}`,
  delegator_persona: 'travel-agent/acme',
  actions: ['read'],
  scope: 'all:travel',
  parent: things.grant,
})
const policyQuery = (name: string, { things }: Foreign): string => `${name}=${encodeURIComponent(things.policies)}`

/** By the id of the operation. The other operations take no id. */
export const FOREIGN_REQUESTS: Readonly<Record<string, Build>> = {
  evaluate: (of) => [
    { as: 'trips', path: '/access/v1/evaluation', body: question(of) },
    {
      as: 'trips',
      path: '/access/v1/evaluation',
      body: { ...question(of), subject: { ...user(of.a), properties: { act: { sub: of.things.agent } } } },
    },
  ],
  evaluateAll: (of) => ({
    as: 'trips',
    path: '/access/v1/evaluations',
    body: { subject: user(of.a), action: READ, evaluations: [{ resource: trip(of) }, { resource: trip(of) }] },
  }),
  searchSubjects: (of) => ({
    as: 'trips',
    path: '/access/v1/search/subject',
    body: { ...question(of), subject: { type: 'user' } },
  }),
  searchActions: (of) => ({
    as: 'trips',
    path: '/access/v1/search/action',
    body: { subject: user(of.a), resource: trip(of) },
  }),
  issueGrant: (of) => [
    { as: 'A', path: '/v1/grants', body: grantOn(of) },
    { as: 'B', path: '/v1/grants', body: passedOn(of) },
  ],
  previewGrant: (of) => [
    { as: 'A', path: '/v1/grants/preview', body: grantOn(of) },
    { as: 'B', path: '/v1/grants/preview', body: passedOn(of) },
  ],
  readGrant: ({ things }) => (['A', 'B', 'auditor'] as const).map((as) => ({ as, path: `/v1/grants/${things.grant}` })),
  revokeGrant: ({ things }) => ({ as: 'A', path: `/v1/grants/${things.grant}/revoke`, body: {} }),
  redeemInvitation: ({ things }) => ({ as: 'B', path: '/v1/invitations/redeem', body: { code: things.code } }),
  confirmInvitation: ({ things, b }) => ({
    as: 'A',
    path: `/v1/invitations/${things.invitation}/confirm`,
    body: { redeemer: `user:${b}` },
  }),
  withdrawInvitation: ({ things }) => ({ as: 'A', path: `/v1/invitations/${things.invitation}` }),
  changePersona: ({ things }) =>
    (['A', 'staff'] as const).map((as) => ({
      as,
      path: `/v1/personas/${things.persona}`,
      body: { status: as === 'A' ? 'revoked' : 'suspended' },
    })),
  changeAgent: ({ things }) => ({ as: 'staff', path: `/v1/agents/${things.agent}`, body: { status: 'suspended' } }),
  registerResource: ({ things }) => ({
    as: 'trips',
    path: '/v1/resources/workflow_item/of-the-other-tenant',
    body: { parent: `workflow:${things.trip}` },
  }),
  readResource: ({ things }) => ({ as: 'trips', path: `/v1/resources/workflow/${things.trip}` }),
  removeResource: ({ things }) => ({ as: 'trips', path: `/v1/resources/workflow/${things.trip}` }),
  transferResource: ({ things, b }) => ({
    as: 'trips',
    path: `/v1/resources/workflow/${things.trip}/transfer`,
    body: { owner: `user:${b}`, owner_persona: 'travel-agent/acme' },
  }),
  revokeKey: ({ things }) => ({ as: 'staff', path: `/v1/keys/${things.keyId}` }),
  changeFacts: ({ things }) => ({
    as: 'trips',
    path: '/v1/facts',
    body: { domain: things.domain, write: [], remove: [] },
  }),
  readPolicyTexts: (of) => ({ as: 'staff', path: `/v1/policies/texts?${policyQuery('version', of)}` }),
  comparePolicies: (of) => ({
    as: 'staff',
    path: `/v1/policies/comparison?${policyQuery('before', of)}&${policyQuery('after', of)}`,
  }),
  activatePolicies: ({ things }) => ({
    as: 'staff',
    path: '/v1/policies/activate',
    body: { version: things.policies },
  }),
  erasePerson: ({ things }) => ({ as: 'staff', path: `/v1/subjects/${things.pseudonym}` }),
  holdPerson: ({ things }) => ({ as: 'auditor', path: `/v1/subjects/${things.pseudonym}/hold` }),
  releasePerson: ({ things }) => ({ as: 'auditor', path: `/v1/subjects/${things.pseudonym}/hold` }),
  showErasure: ({ things }) => ({ as: 'staff', path: `/v1/erasures/${things.erasure}` }),
  acknowledgeErasure: ({ things }) => ({ as: 'trips', path: `/v1/erasures/${things.erasure}/acknowledge` }),
  approveLookup: ({ things, a }) => ({
    as: 'otherAuditor',
    path: `/v1/lookups/${things.lookup}/approve`,
    body: { sub: a },
  }),
  readLookup: ({ things }) => ({ as: 'auditor', path: `/v1/lookups/${things.lookup}/read` }),
  readDecision: ({ things }) =>
    (['A', 'auditor'] as const).map((as) => ({ as, path: `/v1/decisions/${things.decision}` })),
  proveDecision: ({ things }) => ({ as: 'auditor', path: `/v1/decisions/${things.decision}/proof` }),
  replayDecision: ({ things }) =>
    (['trips', 'auditor'] as const).map((as) => ({ as, path: `/v1/decisions/${things.decision}/replay` })),
  registerAgent: ({ things }) => ({ as: 'staff', path: '/v1/agents', body: { id: things.agent } }),
  listDecisions: ({ things }) =>
    [`resource=workflow:${things.trip}`, `grant=${things.grant}`, `actor=agent:${things.agent}`].map((filter) => ({
      as: 'auditor',
      path: `/v1/decisions?${filter}`,
    })),
  exportDecisions: ({ things }) => ({
    as: 'auditor',
    path: `/v1/decisions/export?format=jsonl&resource=workflow:${things.trip}`,
  }),
  listGrants: ({ things }) => ({ as: 'A', path: `/v1/grants?resource=workflow:${things.trip}` }),
}

/** Operations whose answers are about the caller and the PDP alone. A test reads them, and looks for what the other tenant has. */
export const OWN_REQUESTS: Readonly<Record<string, ForeignRequest | undefined>> = {
  searchResources: undefined,
  listInvitations: { as: 'A', path: '/v1/invitations' },
  invite: { as: 'A', path: '/v1/invitations', body: {} },
  createPersona: { as: 'B', path: '/v1/personas', body: { title: 'traveler', circle: 'elsewhere' } },
  listPersonas: { as: 'A', path: '/v1/personas' },
  listAgents: { as: 'staff', path: '/v1/agents' },
  listServices: { as: 'staff', path: '/v1/services' },
  createKey: undefined,
  listKeys: { as: 'staff', path: '/v1/keys' },
  listPolicies: { as: 'staff', path: '/v1/policies' },
  listDomains: { as: 'A', path: '/v1/domains' },
  loadPolicies: { as: 'staff', path: '/v1/policies/load' },
  exportMe: { as: 'A', path: '/v1/subjects/me/export' },
  eraseMe: undefined,
  listHolds: { as: 'auditor', path: '/v1/holds' },
  listErasures: { as: 'trips', path: '/v1/erasures' },
  askLookup: undefined,
  listLookups: { as: 'auditor', path: '/v1/lookups' },
  tailDecisions: undefined,
  checkpoint: { as: 'auditor', path: '/log/checkpoint' },
  tile: undefined,
  partialTile: undefined,
  readLag: { as: 'staff', path: '/v1/log/lag' },
}
