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

/** A failed request, with a message for the reader. `code`: the problem code (RFC 9457), or `offline`. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: string
  readonly status: number

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const problemSchema = z.object({ title: z.string(), detail: z.string(), code: z.string() }).partial()

async function get(path: string, signal?: AbortSignal): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, { ...(signal ? { signal } : {}), headers: { accept: '*/*' } })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(0, 'offline', 'The server does not answer. Check your connection, then try again.')
  }
  if (response.ok) return response
  const problem = problemSchema.catch({}).parse(await response.json().catch(() => ({})))
  const text = problem.detail ?? problem.title ?? 'Something went wrong.'
  throw new ApiError(response.status, problem.code ?? 'internal', text)
}

async function parsed<T>(schema: z.ZodType<T>, path: string, signal?: AbortSignal): Promise<T> {
  const body: unknown = await (await get(path, signal)).json()
  const result = schema.safeParse(body)
  if (result.success) return result.data
  throw new ApiError(502, 'unreadable', 'The response of the server is not valid.')
}

const sessionSchema = z.object({ auditor: z.boolean(), keys: z.array(z.string()) })
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
  session: (signal?: AbortSignal): Promise<SessionInfo> => parsed(sessionSchema, '/api/session', signal),
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
  signOut: async (): Promise<string> => {
    const response = await fetch('/sign-out', { method: 'POST' })
    return z.object({ url: z.string() }).parse(await response.json()).url
  },
}
