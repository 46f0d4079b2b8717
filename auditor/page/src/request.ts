/**
 * Requests of the pages to their own server. Every response is validated; failures are errors with a message for the reader.
 *
 * @module
 */
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

/** Sends a request to the page's own server. @throws ApiError for any status but 2xx. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, { ...init, headers: { accept: '*/*', ...init.headers } })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new ApiError(0, 'offline', 'The server does not answer. Check your connection, then try again.')
  }
  if (response.ok) return response
  const problem = problemSchema.catch({}).parse(await response.json().catch(() => ({})))
  const text = problem.detail ?? problem.title ?? 'Something went wrong.'
  throw new ApiError(response.status, problem.code ?? 'internal', text)
}

/** Sends a request and validates the JSON of its response. @throws ApiError `unreadable` when the response does not have this form. */
export async function requestJson<T>(schema: z.ZodType<T>, path: string, init?: RequestInit): Promise<T> {
  const body: unknown = await (await request(path, init)).json()
  const result = schema.safeParse(body)
  if (result.success) return result.data
  throw new ApiError(502, 'unreadable', 'The response of the server is not valid.')
}

/** What a page's session is, where there is one: asking for it is no error before the sign-in. */
const noSessionSchema = z.object({ signed_in: z.literal(false) })

/** Reads the session of a page. @returns `undefined` without one. */
export async function requestSession<T>(
  schema: z.ZodType<T>,
  path: string,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const answer = await requestJson(z.union([noSessionSchema, schema]), path, signal ? { signal } : {})
  return noSessionSchema.safeParse(answer).success ? undefined : (answer as T)
}

/** Ends the session of a page. @param prefix - Of the place: empty for the auditor's page. @returns The address to go to. */
export async function signOut(prefix: '' | '/console'): Promise<string> {
  const response = await fetch(`${prefix}/sign-out`, { method: 'POST' })
  return z.object({ url: z.string() }).parse(await response.json()).url
}
