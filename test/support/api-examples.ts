/**
 * Examples of the API reference, by operation. A test checks each against the schemas that the PDP parses and answers with.
 *
 * @module
 */

/** One example: body of the request, and of its response. */
export interface ApiExample {
  readonly request?: unknown
  /** Query string of the request, without `?`. */
  readonly query?: string
  readonly response?: unknown
}

const LOOKUP = {
  id: '01M80D5T4V9X2E8RZ7Q6F3N1WC',
  case: 'C-2026/17',
  status: 'asked',
  mine: true,
  asked_by: 'p_TUSplGuPvLkfbUSFLmWjKQ',
  asked_at: '2026-11-28T09:00:00Z',
  ends_at: '2026-11-29T09:00:00Z',
}

const CARLO = '9e3d7713-8a03-33fa-97d3-e8f545d7a1a4'
const YANNICK = '7d60050c-82b3-3e25-8352-b98918ebaa87'
const TRIP = '01M80CF60RE0M464TCK3RQ21JM'
const GRANT = '01M80CF6D1XA0W5C75660EEQ1R'
const ENTRY = '01M80CZPPY6WMS0E43MEQYPQRK'
const NOW = '2026-11-22T01:12:31.711Z'
const IN_A_WEEK = '2026-11-29T01:12:31.711Z'

const grant = {
  delegate: `user:${YANNICK}`,
  delegator_persona: 'traveler/family',
  actions: ['read', 'execute'],
  scope: `workflow:${TRIP}`,
  limits: [{ attribute: 'planned_price', at_most: 50_000, currency: 'EUR' }],
  redelegations: 1,
  expires_at: IN_A_WEEK,
}
const issued = {
  delegator: `user:${CARLO}`,
  ...grant,
  owner: `user:${CARLO}`,
  unattended: false,
  created_at: NOW,
}
const persona = {
  id: '01M80CF5YT7C5C0V2V1H3QK8ZB',
  holder: `user:${CARLO}`,
  title: 'traveler',
  circle: 'family',
  domain: 'travel',
  status: 'active',
  valid_from: NOW,
  valid_till: '2027-11-22T01:12:31.711Z',
  created_at: NOW,
}
const autonomy = {
  consent: true,
  limits: {
    price: { at_most: 410_000, currency: 'EUR' },
    lead_time: { at_least: 604_800 },
    risk: { at_most: 3 },
  },
}
const agent = { id: 'booking-agent', status: 'active', created_at: NOW }
const record = {
  type: 'workflow',
  id: TRIP,
  owner: `user:${CARLO}`,
  owner_persona: 'traveler/family',
}
const invitation = {
  id: '01M80D1Q8T7WJ5M7Y0H3N2R4KE',
  status: 'open',
  created_at: NOW,
  expires_at: '2026-11-23T01:12:31.711Z',
  inviter: `user:${CARLO}`,
}
const ask = {
  subject: {
    type: 'user',
    id: YANNICK,
    properties: { persona: 'travel-agent/acme', act: { sub: 'booking-agent' } },
  },
  action: { name: 'read' },
  resource: { type: 'workflow', id: TRIP },
}
const denied = {
  decision: false,
  context: {
    evaluation_id: ENTRY,
    evaluated_at: NOW,
    reason: 'grant_revoked',
    reasons: [
      {
        code: 'grant_revoked',
        reason_user: 'The authority you were given was taken back.',
        cure: 'Ask whoever gave it for a new grant.',
        grant: GRANT,
      },
    ],
    chain: [],
    owner: `user:${CARLO}`,
    policy: 'travel@a77d392cc524',
    model: '01M80CDS2WNMXDD8F7FR6DF5VQ',
  },
}
const policy = {
  version: 'travel@a77d392cc524 nursing@7b1c6a0e2f11',
  loaded_at: NOW,
  in_force: true,
}

export const API_EXAMPLES: Readonly<Record<string, ApiExample>> = {
  evaluate: { request: ask, response: denied },
  receiveSignal: {
    request: 'eyJhbGciOiJFUzI1NiIsInR5cCI6InNlY2V2ZW50K2p3dCJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwi….MEUCIQDx…',
    response: { err: 'invalid_audience', description: 'aud: is not this PDP.' },
  },
  ssfConfiguration: {
    response: {
      spec_version: '1_0',
      issuer: 'https://pdp.example',
      jwks_uri: 'https://pdp.example/v1/signals/keys',
      delivery_methods_supported: ['urn:ietf:rfc:8935'],
      default_subjects: 'ALL',
    },
  },
  evaluateAll: {
    request: {
      subject: ask.subject,
      action: { name: 'execute' },
      evaluations: [
        { resource: { type: 'workflow_item', id: 'dinner', properties: { risk: 0 } } },
        { resource: { type: 'workflow_item', id: 'hotel', properties: { risk: 1 } } },
      ],
      options: { evaluations_semantic: 'execute_all' },
    },
    response: { evaluations: [denied, denied] },
  },
  searchResources: {
    request: { subject: { type: 'user', id: CARLO }, action: { name: 'read' }, resource: { type: 'workflow' } },
    response: { results: [{ type: 'workflow', id: TRIP }], page: { next_token: '', count: 1 } },
  },
  searchSubjects: {
    request: { subject: { type: 'user' }, action: { name: 'read' }, resource: { type: 'workflow', id: TRIP } },
    response: { results: [{ type: 'user', id: CARLO }], page: { next_token: '', count: 1 } },
  },
  searchActions: {
    request: { subject: { type: 'user', id: CARLO }, resource: { type: 'workflow', id: TRIP } },
    response: { results: [{ name: 'read' }, { name: 'update' }], page: { next_token: '', count: 2 } },
  },
  issueGrant: { request: grant, response: { id: GRANT, status: 'live', ...issued } },
  previewGrant: {
    request: grant,
    response: {
      allowed: true,
      grant: issued,
      would_allow: [
        { action: 'read', scope: `workflow:${TRIP}`, limited: false, gates: [] },
        { action: 'execute', scope: `workflow:${TRIP}`, limited: true, gates: [] },
      ],
    },
  },
  listGrants: { query: 'delegator=me&limit=50', response: { items: [{ id: GRANT, status: 'live', ...issued }] } },
  revokeGrant: {
    request: { reason: 'The trip is cancelled.' },
    response: {
      id: GRANT,
      status: 'revoked',
      ...issued,
      revoked_at: NOW,
      revoked_by: `user:${CARLO}`,
      revoke_reason: 'The trip is cancelled.',
    },
  },
  invite: {
    request: { grant: { actions: ['read'], scope: `workflow:${TRIP}`, delegator_persona: 'traveler/family' } },
    response: { ...invitation, code: 'CODE-TO-SEND-TO-THE-OTHER-PERSON' },
  },
  redeemInvitation: {
    request: { code: 'CODE-TO-SEND-TO-THE-OTHER-PERSON' },
    response: { ...invitation, status: 'redeemed', redeemer: `user:${YANNICK}` },
  },
  confirmInvitation: {
    request: { redeemer: `user:${YANNICK}` },
    response: { ...invitation, status: 'confirmed', redeemer: `user:${YANNICK}`, grant_id: GRANT },
  },
  createPersona: { request: { title: 'traveler', circle: 'family' }, response: persona },
  listPersonas: { response: { items: [{ ...persona, autonomy }] } },
  changePersona: { request: { autonomy }, response: { ...persona, autonomy } },
  registerAgent: { request: { id: 'booking-agent' }, response: agent },
  listAgents: { response: { items: [agent] } },
  changeAgent: { request: { status: 'suspended' }, response: { ...agent, status: 'suspended' } },
  registerResource: {
    request: { owner: `user:${CARLO}`, owner_persona: 'traveler/family' },
    response: record,
  },
  readResource: { response: record },
  transferResource: {
    request: { owner: `user:${YANNICK}`, owner_persona: 'traveler/friends' },
    response: { ...record, owner: `user:${YANNICK}`, owner_persona: 'traveler/friends' },
  },
  askLookup: {
    request: { case: 'C-2026/17', sub: '5f0c2a1e-7d1b-4a55-9c56-0b8f3f7a1d20' },
    response: LOOKUP,
  },
  approveLookup: {
    request: { sub: '5f0c2a1e-7d1b-4a55-9c56-0b8f3f7a1d20' },
    response: { ...LOOKUP, status: 'approved', mine: false, approved_by: 'p_Sm88p1xQDHnAId02z7_AJw' },
  },
  createKey: {
    request: { name: 'nightly report', types: ['workflow'], expires_at: '2027-05-01T00:00:00Z' },
    response: {
      id: '01M80D5T4V9X2E8RZ7Q6F3N1WB',
      name: 'nightly report',
      types: ['workflow'],
      created_at: NOW,
      expires_at: '2027-05-01T00:00:00Z',
      key: 'mk_01M80D5T4V9X2E8RZ7Q6F3N1WB_…',
    },
  },
  changeFacts: {
    request: {
      domain: 'certification',
      write: [
        {
          subject: { type: 'user', id: 'alice' },
          relation: 'reader',
          resource: { type: 'record', id: 'record-1' },
        },
        { resource: { type: 'record', id: 'record-1' }, attributes: { status: 'active' } },
      ],
      remove: [],
    },
    response: { written: 2, removed: 0 },
  },
  listPolicies: { response: { items: [policy] } },
  readPolicyTexts: {
    query: 'version=travel@a77d392cc524',
    response: {
      version: policy.version,
      core: 'module core\n\ntype user\n',
      packs: [{ name: 'travel', model: 'module travel\n', manifest: 'domain: travel\n' }],
    },
  },
  comparePolicies: {
    query: 'before=travel@a77d392cc524&after=travel@0c1d2e3f4a5b&limit=200',
    response: {
      before: 'travel@a77d392cc524 nursing@7b1c6a0e2f11',
      after: 'travel@0c1d2e3f4a5b nursing@7b1c6a0e2f11',
      complete: false,
      evaluations: 200,
      made_again: 198,
      not_made_again: [{ why: 'it is no evaluation', count: 2 }],
      otherwise_today: 3,
      turned: [
        {
          before: { decision: true, reason: 'delegated' },
          after: { decision: false, reason: 'price_above_limit' },
          count: 12,
          entries: ['01JH3Z8K5N9Q2R4T6V8X0Y1Z2A'],
        },
      ],
    },
  },
  loadPolicies: { response: policy },
  activatePolicies: { request: { version: policy.version }, response: policy },
  readLag: {
    response: {
      origin: 'pdp.example/log',
      entries: 48_211,
      unpublished: { entries: 3, seconds: 0.4 },
      unindexed: { entries: 0, seconds: 0 },
    },
  },
  live: { response: { status: 'alive' } },
  ready: { response: { status: 'ready', missing: [] } },
}
