/**
 * HTTP client of the page for the auditor's server. Every response is validated.
 *
 * @module
 */

import {
  type DecisionPage,
  type Domain,
  decisionPageSchema,
  domainListSchema,
  type LoggedEntry,
  loggedEntrySchema,
} from '@mandate/protocol'
import type { RawEntry } from '@mandate/ui'
import { z } from 'zod'
import { ApiError, request, requestJson, requestSession, signOut } from './request.ts'

const get = (path: string, signal?: AbortSignal): Promise<Response> => request(path, signal ? { signal } : {})
const parsed = <T>(schema: z.ZodType<T>, path: string, signal?: AbortSignal): Promise<T> =>
  requestJson(schema, path, signal ? { signal } : {})

const sessionSchema = z.object({ auditor: z.boolean(), console: z.boolean().default(false), keys: z.array(z.string()) })
export type SessionInfo = z.infer<typeof sessionSchema>

const overviewSchema = z.object({
  total: z.number(),
  counted: z.number(),
  permits: z.number(),
  denials: z.number(),
  step: z.number(),
  buckets: z.array(z.object({ at: z.number(), permits: z.number(), denials: z.number(), others: z.number() })),
  denied: z.array(z.object({ reason: z.string(), count: z.number() })),
})
export type Overview = z.infer<typeof overviewSchema>

const logsSchema = z.object({ logs: z.array(z.object({ checkpoint: z.string().optional() })) })

export const PAGE_SIZE = 200

/** An entry: validated for display (`entry`), and as received, with all members that were hashed (`raw`). */
export interface Opened {
  readonly entry: LoggedEntry
  readonly raw: RawEntry
}

export const api = {
  /** `undefined`: nobody is signed in. */
  session: (signal?: AbortSignal): Promise<SessionInfo | undefined> =>
    requestSession(sessionSchema, '/api/session', signal),
  /** The domains in force: labels, units and texts of reasons. */
  domains: async (signal?: AbortSignal): Promise<readonly Domain[]> =>
    (await parsed(domainListSchema, '/api/domains', signal)).items,
  overview: (query: string, signal?: AbortSignal): Promise<Overview> =>
    parsed(overviewSchema, `/api/overview?${query}`, signal),
  decisions: (query: string, cursor: string | undefined, signal?: AbortSignal): Promise<DecisionPage> => {
    const parameters = new URLSearchParams(query)
    parameters.set('limit', String(PAGE_SIZE))
    if (cursor !== undefined) parameters.set('cursor', cursor)
    return parsed(decisionPageSchema, `/api/decisions?${parameters}`, signal)
  },
  decision: async (id: string, signal?: AbortSignal): Promise<Opened> => {
    const raw: unknown = await (await get(`/api/decisions/${id}`, signal)).json()
    const entry = loggedEntrySchema.safeParse(raw)
    if (entry.success) return { entry: entry.data, raw: raw as RawEntry }
    throw new ApiError(502, 'unreadable', 'The response of the server is not a valid log entry.')
  },
  grant: async (
    id: string,
    kind: 'grant_issued' | 'grant_revoked',
    signal?: AbortSignal,
  ): Promise<LoggedEntry | undefined> => {
    const page = await parsed(decisionPageSchema, `/api/decisions?grant=${id}&kind=${kind}&limit=1`, signal)
    return page.entries[0]
  },
  proof: async (id: string, signal?: AbortSignal): Promise<string> =>
    (await get(`/api/decisions/${id}/proof`, signal)).text(),
  /** The newest checkpoint of each PDP's log; `undefined` for a PDP that gave none. */
  checkpoints: async (signal?: AbortSignal): Promise<readonly (string | undefined)[]> =>
    (await parsed(logsSchema, '/api/logs', signal)).logs.map(({ checkpoint }) => checkpoint),
  replay: async (id: string, signal?: AbortSignal): Promise<unknown> =>
    (await get(`/api/decisions/${id}/replay`, signal)).json(),
  signOut: (): Promise<string> => signOut(''),
}
