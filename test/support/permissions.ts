/**
 * Permission matrix: every operation of the PDP by every kind of caller. `docs/permissions.md` is generated from it, and
 * `test/integration/permissions.test.ts` tests each cell. To regenerate the document:
 * `npx vitest run --project unit test/unit/permissions.test.ts -u`.
 *
 * @module
 */
import type { ProblemCode } from '@mandate/protocol'

/** Kinds of caller, with the heading of their column. A owns the trip, B has a grant on it from A. */
export const CALLERS = {
  owner: 'person concerned',
  delegate: 'their delegate',
  other: 'another person',
  stranger: 'stranger',
  agent: 'agent itself',
  brought: "agent with the person's token",
  service: 'service of the type',
  foreignService: 'service of another type',
  auditor: 'auditor',
  personaAdmin: 'persona administrator',
  operator: 'operator',
  key: 'API key of the type',
  nobody: 'no token',
  foreign: "another issuer's token",
} as const
export type Caller = keyof typeof CALLERS

/** `yes`, or the problem code of the response. */
export type Outcome = 'yes' | ProblemCode

export interface Permission {
  readonly endpoint: string
  /** Variant of the request, where the outcome depends on it. */
  readonly about?: string
  readonly outcomes: Readonly<Record<Caller, Outcome>>
}

const PEOPLE = ['owner', 'delegate', 'other', 'stranger', 'auditor', 'personaAdmin', 'operator'] as const
const SERVICES = ['service', 'foreignService'] as const
const NOT_IN_PERSON = ['agent', 'brought', ...SERVICES] as const

/** Builds a row: `otherwise` for every caller except those in `but`. An API key is always `forbidden`; without a valid token it is 401. */
function row(endpoint: string, otherwise: Outcome, but: Partial<Record<Caller, Outcome>>, about?: string): Permission {
  const all = Object.fromEntries(Object.keys(CALLERS).map((caller) => [caller, otherwise])) as Record<Caller, Outcome>
  const outcomes = { ...all, key: 'forbidden', ...but, nobody: 'unauthenticated', foreign: 'unauthenticated' } as const
  return { endpoint, outcomes, ...(about ? { about } : {}) }
}

const each = (callers: readonly Caller[], outcome: Outcome): Partial<Record<Caller, Outcome>> =>
  Object.fromEntries(callers.map((caller) => [caller, outcome]))

const inPersonOnly = each(NOT_IN_PERSON, 'in_person_only')
/** Arguments of {@link row} for an operation that only a person may call, in person. */
const inPerson = (otherwise: Outcome, but: Partial<Record<Caller, Outcome>>) =>
  [otherwise, { ...inPersonOnly, ...but }] as const
const anybodyInPerson = inPerson('yes', {})
const onlyService = { service: 'yes' } as const
const onlyOperator = { operator: 'yes' } as const
const asked = { service: 'yes', auditor: 'yes', key: 'yes' } as const

export const PERMISSIONS: readonly Permission[] = [
  row('POST /access/v1/evaluation', 'forbidden', { ...asked, owner: 'yes' }, 'the person'),
  row(
    'POST /access/v1/evaluations',
    'yes',
    { key: 'yes' },
    'each item by itself; a refused one is `false` with its error',
  ),
  row('POST /access/v1/search/resource', 'forbidden', { ...asked, owner: 'yes' }, 'the person'),
  row(
    'POST /access/v1/evaluation (agent)',
    'forbidden',
    { ...asked, owner: 'yes', agent: 'yes', brought: 'yes' },
    'the agent acting for the person',
  ),
  row(
    'POST /v1/grants',
    'grant_persona',
    { ...inPersonOnly, owner: 'yes', other: 'not_owner', agent: 'grant_invalid' },
    "on the owner's trip, as the owner would",
  ),
  row('POST /v1/grants/preview', 'yes', { ...inPersonOnly, agent: 'yes' }),
  row('GET /v1/grants', 'yes', { ...each(SERVICES, 'forbidden'), brought: 'in_person_only' }, "of one's own"),
  row('GET /v1/grants/{id}', 'grant_unknown', {
    owner: 'yes',
    delegate: 'yes',
    brought: 'in_person_only',
    auditor: 'yes',
  }),
  row('POST /v1/grants/{id}/revoke', 'grant_unknown', {
    ...inPersonOnly,
    agent: 'grant_unknown',
    owner: 'yes',
    delegate: 'yes',
  }),
  row('POST /v1/invitations', ...anybodyInPerson),
  row('GET /v1/invitations', ...anybodyInPerson),
  row('POST /v1/invitations/redeem', ...inPerson('yes', { owner: 'conflict' }), "the person's"),
  row('POST /v1/invitations/{id}/confirm', ...inPerson('not_found', { owner: 'yes' })),
  row('DELETE /v1/invitations/{id}', ...inPerson('not_found', { owner: 'yes' })),
  row('POST /v1/personas', ...anybodyInPerson),
  row('GET /v1/personas', ...anybodyInPerson),
  row('GET /v1/personas?waiting=true', 'forbidden', { personaAdmin: 'yes' }),
  row('PATCH /v1/personas/{id}', ...inPerson('not_found', { owner: 'yes', personaAdmin: 'forbidden' }), 'autonomy'),
  row(
    'PATCH /v1/personas/{id} (status)',
    ...inPerson('not_found', { owner: 'conflict', personaAdmin: 'yes' }),
    'suspend',
  ),
  row('POST /v1/agents', 'forbidden', onlyOperator),
  row('GET /v1/agents', 'forbidden', { ...onlyOperator, auditor: 'yes' }),
  row('PATCH /v1/agents/{id}', 'forbidden', onlyOperator),
  row('GET /v1/services', 'forbidden', { ...onlyOperator, auditor: 'yes' }),
  row('PUT /v1/resources/{type}/{id}', 'forbidden', onlyService),
  row('GET /v1/resources/{type}/{id}', 'forbidden', onlyService),
  row('POST /v1/resources/{type}/{id}/transfer', 'forbidden', onlyService),
  row('DELETE /v1/resources/{type}/{id}', 'forbidden', onlyService),
  row('POST /v1/facts', 'forbidden', onlyService, 'of the domain'),
  row('GET /v1/domains', 'yes', {}),
  row('GET /v1/policies', 'forbidden', { ...onlyOperator, auditor: 'yes' }),
  row('GET /v1/policies/texts', 'forbidden', { ...onlyOperator, auditor: 'yes' }),
  row('GET /v1/policies/comparison', 'forbidden', { ...onlyOperator, auditor: 'yes' }),
  row('POST /v1/policies/load', 'forbidden', onlyOperator),
  row('POST /v1/policies/activate', 'forbidden', onlyOperator),
  row('POST /v1/keys', 'forbidden', onlyOperator),
  row('GET /v1/keys', 'forbidden', onlyOperator),
  row('DELETE /v1/keys/{id}', 'forbidden', onlyOperator),
  row('GET /v1/subjects/me/export', ...anybodyInPerson),
  row('DELETE /v1/subjects/{pseudonym}', ...inPerson('forbidden', onlyOperator), "somebody else's"),
  row('PUT /v1/subjects/{pseudonym}/hold', 'forbidden', { auditor: 'yes' }),
  row('DELETE /v1/subjects/{pseudonym}/hold', 'forbidden', { auditor: 'yes' }),
  row('GET /v1/holds', 'forbidden', { auditor: 'yes' }),
  row('POST /v1/lookups', 'forbidden', { auditor: 'yes' }),
  row('GET /v1/lookups', 'forbidden', { auditor: 'yes' }),
  row('POST /v1/lookups/{id}/approve', 'forbidden', { auditor: 'yes' }, "another auditor's"),
  row('POST /v1/lookups/{id}/read', 'forbidden', { auditor: 'yes' }, 'their own, once approved'),
  row(
    'GET /v1/erasures',
    'forbidden',
    each(SERVICES, 'yes'),
    'a service its own; an agent too where it is in `PDP_ERASURE_CLIENTS`',
  ),
  row('GET /v1/erasures/{id}', 'forbidden', onlyOperator),
  row('POST /v1/erasures/{id}/acknowledge', 'forbidden', each(SERVICES, 'yes'), 'a service its own'),
  row('GET /v1/decisions', 'forbidden', { ...each(PEOPLE, 'yes'), agent: 'yes' }, "of one's own; an auditor all"),
  row(
    'GET /v1/decisions/export',
    'forbidden',
    { ...each(PEOPLE, 'yes'), agent: 'yes' },
    "of one's own; an auditor all",
  ),
  row(
    'GET /v1/decisions/stream',
    'forbidden',
    { ...each(PEOPLE, 'yes'), agent: 'yes' },
    "of one's own; an auditor all",
  ),
  row('GET /v1/decisions/{id}', 'not_found', {
    ...each([...SERVICES, 'brought'], 'forbidden'),
    owner: 'yes',
    auditor: 'yes',
  }),
  row('GET /v1/decisions/{id}/proof', 'not_found', {
    ...each([...SERVICES, 'brought'], 'forbidden'),
    owner: 'yes',
    auditor: 'yes',
  }),
  row(
    'GET /v1/decisions/{id}/replay',
    'not_found',
    { ...each([...SERVICES, 'brought'], 'forbidden'), owner: 'yes', auditor: 'yes' },
    'who may ask its question',
  ),
  row('GET /log/checkpoint', 'yes', {}),
  row('GET /v1/log/lag', 'forbidden', each(['auditor', 'personaAdmin', 'operator'], 'yes')),
  row('GET /log/tile/{level}/{index}.p/{width}', 'yes', {}, 'hashes'),
  row('GET /log/tile/entries/{index}.p/{width}', 'forbidden', { auditor: 'yes' }),
  row('DELETE /v1/subjects/me', ...anybodyInPerson),
]

const INTRODUCTION = `# Who may call what

Written from \`test/support/permissions.ts\`, of which a test tries every cell against a running PDP. ✓: it is done, or answered with what
belongs to the caller; anything else is the code of the problem (\`docs/reasons.md\`). 404 where existence is itself a secret.

\`/livez\`, \`/readyz\`, \`/openapi.json\` and what is below \`/.well-known/\` need no token, nor does \`/metrics\` on the operations network. A role counts only in a token of an interactive client; staff
are people too, so whatever anybody may do in person they may do for themselves. An API key asks and does nothing else.
`

/** Generates `docs/permissions.md`. */
export function permissionsDocument(): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const callers = Object.keys(CALLERS) as readonly Caller[]
  const head = ['', ...callers.map((caller) => CALLERS[caller])]
  const rows = PERMISSIONS.map(({ endpoint, about, outcomes }) => {
    const what = `\`${endpoint.replace(/ \(.*\)$/u, '')}\`${about ? `: ${about}` : ''}`
    return [what, ...callers.map((caller) => (outcomes[caller] === 'yes' ? '✓' : `\`${outcomes[caller]}\``))]
  })
  return [INTRODUCTION, [head, head.map(() => '---'), ...rows].map(line).join('\n'), ''].join('\n')
}
