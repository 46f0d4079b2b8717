/**
 * Signs in the people of the demo at Keycloak, and calls the services of a test's stack as them.
 *
 * @module
 */
import { signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import type { Stack } from '@mandate/stack'

const AUDIENCE = { pdp: 'pdp', trips: 'trips', care: 'care', agent: 'booking-agent' } as const
type Callee = keyof typeof AUDIENCE

interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export interface Signed {
  readonly sub: string
  readonly tokenFor: (service: Callee) => Promise<string>
  /** Sends a request. `route` is a method and path, such as `POST /plans`. */
  readonly call: (service: Callee, route: string, body?: unknown) => Promise<Reply>
  /** Sends a request. @throws Error unless it succeeds. */
  readonly must: (service: Callee, route: string, body?: unknown) => Promise<Reply['body']>
}

export async function enterAs(stack: Stack, name: string, persona?: string): Promise<Signed> {
  const login = stack.people[name]
  if (!login) throw new Error(`there is no login ${name}`)
  const scopes = Object.values(AUDIENCE)
  const session = await signIn({
    issuer: stack.issuer,
    clientId: 'desktop',
    scopes,
    openBrowser: formBrowser(login),
  })
  const call: Signed['call'] = async (service, route, body) => {
    const [method = '', path = ''] = route.split(' ')
    const response = await fetch(stack.urls[service] + path, {
      method,
      headers: {
        authorization: `Bearer ${await session.tokenFor(AUDIENCE[service])}`,
        ...(persona === undefined ? {} : { 'mandate-persona': persona }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  }
  return {
    sub: session.subject,
    tokenFor: (service) => session.tokenFor(AUDIENCE[service]),
    call,
    must: async (service, route, body) => {
      const { status, body: answer } = await call(service, route, body)
      if (status >= 200 && status < 300) return answer
      throw new Error(`${name}: ${route} of ${service} was answered ${status}: ${JSON.stringify(answer)}`)
    },
  }
}
