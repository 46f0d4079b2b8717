/**
 * HTTP client for trips, the agents and the PDP. Adds the service's token, the persona and one `Idempotency-Key` per change. Retries only safe
 * requests, follows no redirect, limits the size of responses.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import type { DesktopConfig } from './host.ts'
import { CallProblem, localProblem, problemOfAnswer } from './problems.ts'
import { readBoundedText } from './response-body.ts'
import type { Session } from './session.ts'

/** `pdp`, `trips`, or the id of an agent; also the audience of its token. */
export type ServiceName = string

export interface Request {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  /** Members that are `undefined` are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Aborts the request. */
  readonly signal?: AbortSignal
}

export interface Api {
  /** @throws CallProblem or SignInError. */
  readonly call: <S extends z.ZodType>(service: ServiceName, request: Request, schema: S) => Promise<z.output<S>>
  /** The body as text. */
  readonly text: (service: ServiceName, request: Request) => Promise<string>
  /** For long responses: resolves with the headers; the caller must read or cancel the body. */
  readonly open: (service: ServiceName, request: Request) => Promise<Response>
  /** Id of the last decision of which trips told the id; the person is its subject. */
  readonly lastEvaluation: () => string | undefined
}

export interface ApiDeps {
  readonly config: DesktopConfig
  readonly session: Pick<Session, 'tokenFor' | 'freshTokenFor'>
  readonly persona: () => string | undefined
  /** Called after each attempt with whether the service responded. */
  readonly onReached: (service: ServiceName, isThere: boolean) => void
  /** Aborts all requests. */
  readonly end: AbortSignal
  /** Timeout of one attempt, in milliseconds. @default 10000 */
  readonly timeoutMs?: number | undefined
}

const TIMEOUT_MS = 10_000
const MAX_TRIES = 3
/** A longer `Retry-After` is left to the person. */
const MAX_WAIT_S = 5
const BACK_OFF_MS = 100
const MAX_ANSWER_BYTES = 8 * 1_048_576
/** Services that support `Idempotency-Key`. Agents do not: a retried request would start a second run. */
const KEYED: ReadonlySet<ServiceName> = new Set(['pdp', 'trips'])

export function createApi(deps: ApiDeps): Api {
  let evaluation: string | undefined
  const open = async (service: ServiceName, request: Request): Promise<Response> => {
    const response = await sendWithRetries(service, request, deps)
    if (service === 'trips') evaluation = response.headers.get('x-evaluation-id') ?? evaluation
    if (response.ok) return response
    throw await problemIn(response)
  }
  const text = async (service: ServiceName, request: Request): Promise<string> => {
    const response = await open(service, request)
    try {
      return await readBoundedText(response, MAX_ANSWER_BYTES)
    } catch (cause) {
      if (cause instanceof CallProblem) throw cause
      throw localProblem('offline', { cause })
    }
  }
  return {
    open,
    text,
    lastEvaluation: () => evaluation,
    call: async (service, request, schema) => {
      const parsed = schema.safeParse(jsonOf(await text(service, request)))
      if (parsed.success) return parsed.data
      throw localProblem('unreadable_answer', { detail: placesOf(parsed.error) })
    },
  }
}

/** The members of a response that do not match its schema, without their values. */
const placesOf = ({ issues }: z.ZodError): string => issues.map(({ path }) => path.join('.') || 'all of it').join(', ')

function jsonOf(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw localProblem('unreadable_answer')
  }
}

async function problemIn(response: Response): Promise<CallProblem> {
  const wait = retryAfterOf(response)
  try {
    return problemOfAnswer(response.status, jsonOf(await readBoundedText(response, MAX_ANSWER_BYTES)), wait)
  } catch {
    return problemOfAnswer(response.status, undefined, wait)
  }
}

function retryAfterOf({ headers }: Response): number | undefined {
  const header = headers.get('retry-after')
  return header !== null && /^\d{1,6}$/u.test(header) ? Number(header) : undefined
}

/** Sends a request, and retries it where that is safe. */
async function sendWithRetries(service: ServiceName, request: Request, deps: ApiDeps): Promise<Response> {
  const { method = 'GET' } = request
  const hasKey = method !== 'GET' && method !== 'DELETE' && KEYED.has(service)
  const headers = { ...request.headers, ...(hasKey ? { 'idempotency-key': randomUUID() } : {}) }
  const mayRepeat = method === 'GET' || hasKey
  let token = await deps.session.tokenFor(service)
  let isFresh = false
  for (let tries = 1; ; tries++) {
    const response = await sendOnce(service, { ...request, headers }, token, deps)
    if (deps.end.aborted) throw localProblem('signed_out')
    const isLast = tries === MAX_TRIES
    if (response instanceof Response && response.status === 401 && !isFresh) {
      // Nothing was done: the token was refused. It may have expired because the clock jumped.
      await response.body?.cancel()
      token = await deps.session.freshTokenFor(service)
      isFresh = true
      continue
    }
    const wait = waitAfter(response, mayRepeat, tries)
    if (wait === undefined || isLast) return responseOrThrow(response)
    if (response instanceof Response) await response.body?.cancel()
    await sleep(wait, undefined, { signal: deps.end }).catch(() => undefined)
  }
}

/** Milliseconds to wait before the next attempt; `undefined`: no retry. A 503 means that nothing was done, so it may always be retried. */
function waitAfter(response: Response | CallProblem, mayRepeat: boolean, tries: number): number | undefined {
  // allowed: random: spreads retries in time.
  if (response instanceof CallProblem) return mayRepeat ? BACK_OFF_MS * 2 ** tries * (0.5 + Math.random()) : undefined
  if (response.status !== 503) return undefined
  const wait = retryAfterOf(response)
  return wait !== undefined && wait <= MAX_WAIT_S ? wait * 1_000 : undefined
}

function responseOrThrow(response: Response | CallProblem): Response {
  if (response instanceof CallProblem) throw response
  return response
}

async function sendOnce(
  service: ServiceName,
  { method = 'GET', path, query = {}, body, headers, signal }: Request,
  token: string,
  { config, persona, onReached, end, timeoutMs = TIMEOUT_MS }: ApiDeps,
): Promise<Response | CallProblem> {
  const url = new URL(baseOf(service, config) + path)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
  const acts = persona()
  const giveUp = new AbortController()
  const timer = setTimeout(() => giveUp.abort(), timeoutMs)
  try {
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(acts === undefined || service === 'pdp' ? {} : { 'mandate-persona': acts }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      redirect: 'error',
      signal: AbortSignal.any([end, giveUp.signal, ...(signal ? [signal] : [])]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    onReached(service, true)
    return response
  } catch (cause) {
    if (!end.aborted && !signal?.aborted) onReached(service, false)
    return localProblem('offline', { cause })
  } finally {
    clearTimeout(timer)
  }
}

function baseOf(service: ServiceName, { services, agents }: DesktopConfig): string {
  const base = Object.hasOwn(services, service) ? services[service] : undefined
  if (base !== undefined) return base
  const url = agents.find(({ id }) => id === service)?.url
  if (url !== undefined) return url
  throw new CallProblem('not_found', 'There is no such agent here.', { field: 'agent' })
}

/** Encodes an id as one path segment. */
export const part = (id: string): string => encodeURIComponent(id)
