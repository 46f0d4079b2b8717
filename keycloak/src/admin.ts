/**
 * Client of Keycloak's admin REST API, limited to what Mandate needs. For the operator of the identity provider: no Mandate service has these
 * credentials.
 *
 * @module
 */
import { z } from 'zod'

/** Address of a Keycloak, and the credentials of an administrator of its `master` realm. */
export interface KeycloakAdmin {
  /** Base URL, without `/realms/…`. */
  readonly url: string
  readonly username: string
  readonly password: string
  /** Realm whose people a task is about: that of a tenant. @default 'mandate' */
  readonly realm?: string
}

/** Path of the realm of {@link KeycloakAdmin}. */
export const realmPath = ({ realm = 'mandate' }: KeycloakAdmin): string => `/realms/${encodeURIComponent(realm)}`

/** Calls the admin API: `path` is relative to `/admin`, `body` is sent as JSON. Resolves to the parsed response; `undefined` when it has no body. */
export type AdminCall = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => Promise<unknown>

const TIMEOUT_MS = 30_000
const tokenAnswer = z.object({ access_token: z.string() })

/**
 * Signs in. The session lasts about a minute: use it for one task.
 *
 * @throws Error naming the call and the HTTP status, with the first 200 characters of the response.
 */
export async function adminSession({ url, username, password }: KeycloakAdmin): Promise<AdminCall> {
  const form = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username, password })
  const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: form,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new Error(`Keycloak at ${url} cannot be asked: ${whyOf(error)}`, { cause: error })
  })
  if (!response.ok) throw new Error(`Keycloak did not sign in its administrator: ${response.status}`)
  const { access_token: token } = tokenAnswer.parse(await response.json())
  return (method, path, body) => call(`${url}/admin${path}`, method, token, body)
}

/** The reason of a failed fetch, which is in the error's cause. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message
}

async function call(url: string, method: string, token: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname}: ${response.status} ${text.slice(0, 200)}`)
  return text === '' ? undefined : JSON.parse(text)
}
