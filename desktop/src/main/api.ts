/**
 * The one client of trips, the agents and the PDP: a token for each, the persona, one key for a change however often it is tried. It tries again only what
 * cannot happen twice, follows no redirect, and reads no more than it must.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import { readText } from './bounded.ts'
import type { DesktopConfig } from './host.ts'
import { CallProblem, localProblem, problemOfAnswer } from './problems.ts'
import type { Session } from './session.ts'

/** `pdp`, `trips`, or the id of an agent: the audience too. */
export type ServiceName = string

export interface Request {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  /** Members that are `undefined` are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Ends it early. */
  readonly signal?: AbortSignal
}

export interface Api {
  /** @throws CallProblem or SignInError. */
  readonly call: <S extends z.ZodType>(service: ServiceName, request: Request, schema: S) => Promise<z.output<S>>
  /** The text as it came. */
  readonly text: (service: ServiceName, request: Request) => Promise<string>
  /** For what is long: only its beginning is waited for, and it is the caller's to read or cancel. */
  readonly open: (service: ServiceName, request: Request) => Promise<Response>
  /** Id of an entry of the log in which the person themself is the subject, when there was one. */
  readonly lastEvaluation: () => string | undefined
}

export interface ApiDeps {
  readonly config: DesktopConfig
  readonly session: Pick<Session, 'tokenFor' | 'freshTokenFor'>
  readonly persona: () => string | undefined
  /** Told after each try whether the service answered. */
  readonly reached: (service: ServiceName, isThere: boolean) => void
  /** Ends everything that is under way. */
  readonly end: AbortSignal
  /** Time for one try, in milliseconds. @default 10000 */
  readonly timeoutMs?: number | undefined
}

const TIMEOUT_MS = 10_000
const MAX_TRIES = 3
/** The longest wait that is waited here; a longer one is the person's to decide. */
const MAX_WAIT_S = 5
const BACK_OFF_MS = 100
const MAX_ANSWER_BYTES = 8 * 1_048_576
/** The agents know no `Idempotency-Key`: a run that was asked for twice would be two. */
const KEYED: ReadonlySet<ServiceName> = new Set(['pdp', 'trips'])

export function createApi(deps: ApiDeps): Api {
  let evaluation: string | undefined
  const open = async (service: ServiceName, request: Request): Promise<Response> => {
    const response = await patiently(service, request, deps)
    if (service === 'trips') evaluation = response.headers.get('x-evaluation-id') ?? evaluation
    if (response.ok) return response
    throw await problemIn(response)
  }
  const text = async (service: ServiceName, request: Request): Promise<string> => {
    const response = await open(service, request)
    try {
      return await readText(response, MAX_ANSWER_BYTES)
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

/** Where an answer is not what was agreed: members, never what stood in them. */
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
    return problemOfAnswer(response.status, jsonOf(await readText(response, MAX_ANSWER_BYTES)), wait)
  } catch {
    return problemOfAnswer(response.status, undefined, wait)
  }
}

function retryAfterOf({ headers }: Response): number | undefined {
  const header = headers.get('retry-after')
  return header !== null && /^\d{1,6}$/u.test(header) ? Number(header) : undefined
}

/** The same request until it is answered, as often as it is safe and worth it. */
async function patiently(service: ServiceName, request: Request, deps: ApiDeps): Promise<Response> {
  const { method = 'GET' } = request
  const hasKey = method !== 'GET' && method !== 'DELETE' && KEYED.has(service)
  const headers = { ...request.headers, ...(hasKey ? { 'idempotency-key': randomUUID() } : {}) }
  const mayRepeat = method === 'GET' || hasKey
  let token = await deps.session.tokenFor(service)
  let isFresh = false
  for (let tries = 1; ; tries++) {
    const response = await attempt(service, { ...request, headers }, token, deps)
    if (deps.end.aborted) throw localProblem('signed_out')
    const isLast = tries === MAX_TRIES
    if (response instanceof Response && response.status === 401 && !isFresh) {
      // Refused at the door, so nothing was done: the clock may have jumped over the token's end.
      await response.body?.cancel()
      token = await deps.session.freshTokenFor(service)
      isFresh = true
      continue
    }
    const wait = waitAfter(response, mayRepeat, tries)
    if (wait === undefined || isLast) return answered(response)
    if (response instanceof Response) await response.body?.cancel()
    await sleep(wait, undefined, { signal: deps.end }).catch(() => undefined)
  }
}

/** Milliseconds until it is tried again; `undefined`: it is not. A 503 changed nothing, so the request may be repeated. */
function waitAfter(response: Response | CallProblem, mayRepeat: boolean, tries: number): number | undefined {
  if (response instanceof CallProblem) return mayRepeat ? BACK_OFF_MS * 2 ** tries * (0.5 + Math.random()) : undefined
  if (response.status !== 503) return undefined
  const wait = retryAfterOf(response)
  return wait !== undefined && wait <= MAX_WAIT_S ? wait * 1_000 : undefined
}

function answered(response: Response | CallProblem): Response {
  if (response instanceof CallProblem) throw response
  return response
}

async function attempt(
  service: ServiceName,
  { method = 'GET', path, query = {}, body, headers, signal }: Request,
  token: string,
  { config, persona, reached, end, timeoutMs = TIMEOUT_MS }: ApiDeps,
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
    reached(service, true)
    return response
  } catch (cause) {
    if (!end.aborted && !signal?.aborted) reached(service, false)
    return localProblem('offline', { cause })
  } finally {
    clearTimeout(timer)
  }
}

function baseOf(service: ServiceName, { services, agents }: DesktopConfig): string {
  if (service === 'pdp' || service === 'trips') return services[service]
  const agent = agents.find(({ id }) => id === service)
  if (agent) return agent.url
  throw new CallProblem('not_found', 'There is no such agent here.', { field: 'agent' })
}

/** For paths: an id must not become two parts of one. */
export const part = (id: string): string => encodeURIComponent(id)
