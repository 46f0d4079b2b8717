/**
 * HTTP client of the story: signs people in and calls the services as them.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Session, signIn } from '@mandate/desktop/sign-in'
import { type Credentials, formBrowser } from '@mandate/keycloak'
import { StartError } from './errors.ts'

/** Time for one call, in milliseconds. */
const CALL_TIMEOUT_MS = 15_000
/** Attempts of a call that must succeed. */
const MAX_TRIES = 4

export type Service = 'pdp' | 'trips' | 'booking-agent'

export interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  /** Seconds, when the service named them. */
  readonly retryAfter?: number
}

export interface Call {
  readonly body?: unknown
  readonly persona?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A signed-in person. */
export interface Person {
  readonly name: string
  /** `sub` claim: the opaque id by which services know the person. */
  readonly sub: string
  call(service: Service, method: string, path: string, options?: Call): Promise<Reply>
  /** As `call`, but throws unless the status is 2xx; retries on 503. */
  must(service: Service, method: string, path: string, options?: Call): Promise<Reply['body']>
}

export interface People {
  readonly issuer: string
  /** Base URLs. Of several PDPs each call goes to the next one. */
  readonly urls: Readonly<Record<Service, readonly string[]>>
  readonly logins: Readonly<Record<string, Credentials>>
}

/** Signs a person in at an interactive client. */
export async function enter(
  { issuer, urls, logins }: People,
  name: string,
  clientId: string,
  scopes: readonly Service[],
): Promise<Person> {
  const login = logins[name]
  if (!login) throw new StartError(`the story needs ${name}, and there is no such login`)
  const session = await signIn({
    issuer,
    clientId,
    scopes,
    openBrowser: formBrowser(login),
  })
  const call = caller(session, urls)
  return {
    name,
    sub: session.subject,
    call,
    must: async (service, method, path, options) => {
      const idempotent = withIdempotencyKey(options)
      const { status, body } = await retryOn503(() => call(service, method, path, idempotent))
      if (status >= 200 && status < 300) return body
      throw new StartError(`${name}: ${method} ${service}${path} was answered ${status}: ${JSON.stringify(body)}`)
    },
  }
}

/** Adds an Idempotency-Key header, so that a retry has no second effect. */
function withIdempotencyKey(options: Call = {}): Call {
  return { ...options, headers: { 'idempotency-key': randomUUID(), ...options.headers } }
}

/** Retries on status 503, after `Retry-After`: a busy machine can exceed the PDP's deadlines. */
async function retryOn503(attempt: () => Promise<Reply>): Promise<Reply> {
  for (let tries = 1; ; tries++) {
    const reply = await attempt()
    if (reply.status !== 503 || tries === MAX_TRIES) return reply
    await delay((reply.retryAfter ?? 1) * 1_000)
  }
}

function caller(session: Session, urls: People['urls']): Person['call'] {
  let calls = 0
  return async (service, method, path, { body, persona, headers } = {}) => {
    const url = urls[service][calls % urls[service].length]
    calls += 1
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await session.tokenFor(service)}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(persona === undefined ? {} : { 'mandate-persona': persona }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    })
    const text = await response.text()
    const json = text !== '' && response.headers.get('content-type')?.includes('json')
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
    return {
      status: response.status,
      body: json ? (JSON.parse(text) as Reply['body']) : {},
      ...(Number.isNaN(retryAfter) ? {} : { retryAfter }),
    }
  }
}
