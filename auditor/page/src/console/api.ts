/**
 * HTTP client of the console for its server. Every response is validated.
 *
 * @module
 */
import {
  type Agent,
  agentSchema,
  domainListSchema,
  type Key,
  keySchema,
  type LegalHold,
  type Lookup,
  type LookupResult,
  legalHoldSchema,
  logLagSchema,
  lookupResultSchema,
  lookupSchema,
  type Persona,
  type PolicyComparison,
  type PolicyRecord,
  type PolicyTexts,
  personaSchema,
  policyComparisonSchema,
  policyRecordSchema,
  policyTextsSchema,
  type RegisteredService,
  registeredServiceSchema,
} from '@mandate/protocol'
import { z } from 'zod'
import { request, requestJson, requestSession, signOut } from '../request.ts'

/** Roles that the console knows. */
export const ROLES = ['operator', 'persona-admin', 'auditor'] as const
export type Role = (typeof ROLES)[number]

const sessionSchema = z.object({
  roles: z.array(z.string()).transform((roles) => ROLES.filter((role) => roles.includes(role))),
})

const healthSchema = z.object({
  pdps: z.array(
    z.object({
      answers: z.boolean(),
      ready: z.boolean(),
      missing: z.array(z.string()),
      mend: z.array(z.string()),
      tookMs: z.number().optional(),
      log: logLagSchema.optional(),
    }),
  ),
})
/** Health of one PDP. */
export type PdpHealth = z.output<typeof healthSchema>['pdps'][number]

const path = (rest: string): string => `/console/api${rest}`

async function list<T>(schema: z.ZodType<T>, of: string, signal?: AbortSignal): Promise<readonly T[]> {
  const page = z.object({ items: z.array(schema) })
  return (await requestJson(page, path(of), signal ? { signal } : {})).items
}

/** A change, with a JSON body where it has one. */
const changing = (method: string, body?: unknown): RequestInit => ({
  method,
  ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
})
const idIn = (of: string, id: string): string => path(`${of}/${encodeURIComponent(id)}`)

export const api = {
  /** Roles that are in effect in this session: none without a second factor. `undefined`: nobody is signed in. */
  roles: async (signal?: AbortSignal): Promise<readonly Role[] | undefined> =>
    (await requestSession(sessionSchema, path('/session'), signal))?.roles,
  health: async (signal?: AbortSignal): Promise<readonly PdpHealth[]> =>
    (await requestJson(healthSchema, path('/health'), signal ? { signal } : {})).pdps,
  agents: (signal?: AbortSignal): Promise<readonly Agent[]> => list(agentSchema, '/agents', signal),
  registerAgent: (id: string): Promise<Agent> => requestJson(agentSchema, path('/agents'), changing('POST', { id })),
  setAgent: (id: string, status: Agent['status']): Promise<Agent> =>
    requestJson(agentSchema, idIn('/agents', id), changing('PATCH', { status })),
  personas: (signal?: AbortSignal): Promise<readonly Persona[]> => list(personaSchema, '/personas', signal),
  setPersona: (id: string, status: 'active' | 'revoked'): Promise<Persona> =>
    requestJson(personaSchema, idIn('/personas', id), changing('PATCH', { status })),
  keys: (signal?: AbortSignal): Promise<readonly Key[]> => list(keySchema, '/keys', signal),
  createKey: (key: { readonly name: string; readonly types: readonly string[]; readonly expires_at: string }) =>
    requestJson(keySchema, path('/keys'), changing('POST', key)),
  revokeKey: (id: string): Promise<unknown> => request(idIn('/keys', id), changing('DELETE')),
  /** Resource types of the domains in force. */
  types: async (signal?: AbortSignal): Promise<readonly string[]> => {
    const { items } = await requestJson(domainListSchema, path('/domains'), signal ? { signal } : {})
    return items.flatMap(({ resources }) => Object.keys(resources))
  },
  policies: (signal?: AbortSignal): Promise<readonly PolicyRecord[]> => list(policyRecordSchema, '/policies', signal),
  policyTexts: (version: string, signal?: AbortSignal): Promise<PolicyTexts> =>
    requestJson(
      policyTextsSchema,
      path(`/policies/texts?${new URLSearchParams({ version })}`),
      signal ? { signal } : {},
    ),
  comparePolicies: (before: string, after: string, signal?: AbortSignal): Promise<PolicyComparison> =>
    requestJson(
      policyComparisonSchema,
      path(`/policies/comparison?${new URLSearchParams({ before, after })}`),
      signal ? { signal } : {},
    ),
  loadPolicies: (): Promise<PolicyRecord> => requestJson(policyRecordSchema, path('/policies/load'), changing('POST')),
  activate: (version: string): Promise<PolicyRecord> =>
    requestJson(policyRecordSchema, path('/policies/activate'), changing('POST', { version })),
  services: (signal?: AbortSignal): Promise<readonly RegisteredService[]> =>
    list(registeredServiceSchema, '/services', signal),
  holds: (signal?: AbortSignal): Promise<readonly LegalHold[]> => list(legalHoldSchema, '/holds', signal),
  setHold: (pseudonym: string, held: boolean): Promise<unknown> =>
    request(idIn('/holds', pseudonym), changing(held ? 'PUT' : 'DELETE')),
  lookups: (signal?: AbortSignal): Promise<readonly Lookup[]> => list(lookupSchema, '/lookups', signal),
  askLookup: (asked: { readonly case: string; readonly sub: string }): Promise<Lookup> =>
    requestJson(lookupSchema, path('/lookups'), changing('POST', asked)),
  approveLookup: (id: string, sub: string): Promise<Lookup> =>
    requestJson(lookupSchema, path(`/lookups/${id}/approve`), changing('POST', { sub })),
  readLookup: (id: string): Promise<LookupResult> =>
    requestJson(lookupResultSchema, path(`/lookups/${id}/read`), changing('POST')),
  signOut: (): Promise<string> => signOut('/console'),
}
