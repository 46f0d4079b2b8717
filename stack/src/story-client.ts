/**
 * The people of the story, signed in for real, and what they call.
 *
 * @module
 */
import { type Session, signIn } from '@mandate/desktop/sign-in'
import { type Credentials, formBrowser } from '@mandate/keycloak'
import { StartError } from './errors.ts'

/** Time for one call, in milliseconds. */
const CALL_TIMEOUT_MS = 15_000

export type Service = 'pdp' | 'trips' | 'booking-agent'

export interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
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
      const { status, body } = await call(service, method, path, options)
      if (status >= 200 && status < 300) return body
      throw new StartError(`${name}: ${method} ${service}${path} was answered ${status}: ${JSON.stringify(body)}`)
    },
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
    return { status: response.status, body: json ? (JSON.parse(text) as Reply['body']) : {} }
  }
}
