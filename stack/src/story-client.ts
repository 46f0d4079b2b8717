/**
 * The people of the story, signed in for real, and what they call.
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
/** How often a call is made that must succeed. */
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

/** Somebody with a session. */
export interface Person {
  readonly name: string
  /** The opaque sub: all that anybody but Keycloak knows. */
  readonly sub: string
  call(service: Service, method: string, path: string, options?: Call): Promise<Reply>
  /** The same, where anything but success is the end of the story. */
  must(service: Service, method: string, path: string, options?: Call): Promise<Reply['body']>
}

export interface People {
  readonly issuer: string
  readonly urls: Readonly<Record<Service, string>>
  readonly logins: Readonly<Record<string, Credentials>>
}

/** Signs somebody in at an interactive client. */
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
      const once = keyed(options)
      const { status, body } = await patiently(() => call(service, method, path, once))
      if (status >= 200 && status < 300) return body
      throw new StartError(`${name}: ${method} ${service}${path} was answered ${status}: ${JSON.stringify(body)}`)
    },
  }
}

/** With a key under which a service does it once, however often it is asked. */
function keyed(options: Call = {}): Call {
  return { ...options, headers: { 'idempotency-key': randomUUID(), ...options.headers } }
}

/** Asks again when the answer is 503, as it says: a machine that is busy with something else decides late, not never. */
async function patiently(attempt: () => Promise<Reply>): Promise<Reply> {
  for (let tries = 1; ; tries++) {
    const reply = await attempt()
    if (reply.status !== 503 || tries === MAX_TRIES) return reply
    await delay((reply.retryAfter ?? 1) * 1_000)
  }
}

function caller(session: Session, urls: People['urls']): Person['call'] {
  return async (service, method, path, { body, persona, headers } = {}) => {
    const response = await fetch(`${urls[service]}${path}`, {
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
