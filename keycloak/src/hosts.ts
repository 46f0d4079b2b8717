/**
 * Adds hosts of AI agents by third parties, such as a chat program that calls MCP servers, to a realm made of `keycloak/realm.json`.
 *
 * @module
 */
import { z } from 'zod'
import { type AdminCall, adminSession, type KeycloakAdmin } from './admin.ts'
import { addOptionalScope, findClient, HOST_MARK, isAddedHost, REALM, scopeIds } from './services.ts'

/** A host to add: a public client that people sign in at, and whose tokens are theirs *through* an agent of its name. */
export interface NewHost {
  /** Client id, which is the agent's id at the PDP. */
  readonly clientId: string
  /** Exact addresses that the browser returns to: `https:`, or `http:` on loopback. */
  readonly redirectUris: readonly string[]
  /** Services that it may ask for tokens for. Never the PDP. */
  readonly calls: readonly string[]
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost'])
/** Scopes of the PDP: administration and the log are for persons in person. */
const OF_PDP: ReadonlySet<string> = new Set(['pdp', 'audit'])

/**
 * What is wrong with a host; `undefined` if nothing is. A redirect URI must be exact: Keycloak takes `*` as a pattern, and a code that is sent to a foreign
 * address is a foreign session.
 */
export function hostObjection({ redirectUris, calls }: Omit<NewHost, 'clientId'>): string | undefined {
  const ofPdp = calls.find((name) => OF_PDP.has(name))
  if (ofPdp !== undefined) return `a host gets no tokens for "${ofPdp}": name the services with MCP servers`
  if (calls.length === 0) return 'a host needs a service that it may call'
  if (redirectUris.length === 0) return 'a host needs a redirect URI'
  const refused = redirectUris.find((uri) => !isExact(uri))
  return (
    refused && `"${refused}" is no redirect URI of a host: https, or http on loopback, exact, without "*" and fragment`
  )
}

function isExact(uri: string): boolean {
  const url = URL.parse(uri)
  if (url === null || /[*#\s\\]/u.test(uri) || url.username !== '' || url.password !== '') return false
  // Other characters that a URL's host may have, such as braces and quotes, have a meaning in Keycloak's messages: see consentText.
  if (!/^[\w.:[\]-]+$/u.test(url.host)) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname))
}

const clientSchema = z.looseObject({ clientId: z.string(), attributes: z.record(z.string(), z.string()).default({}) })
const appSchema = z.looseObject({
  attributes: z.record(z.string(), z.string()),
  authenticationFlowBindingOverrides: z.record(z.string(), z.string()).default({}),
})

/**
 * Adds the client: public, with PKCE. Like the desktop it asks for a sign-in each time, and takes part in back-channel logout. Before its first code for a
 * person, Keycloak shows the consent page that names it. Idempotent: of a known host, redirect URIs and services are replaced, and consents end.
 *
 * @throws TypeError naming what is wrong with the host; Error naming what the realm lacks or Keycloak refused.
 */
export async function addHost(admin: KeycloakAdmin, host: NewHost): Promise<void> {
  const objection = hostObjection(host)
  if (objection !== undefined) throw new TypeError(objection)
  const call = await adminSession(admin)
  const scopes = await scopeIds(call)
  const unknown = host.calls.find((name) => !scopes.has(name))
  if (unknown !== undefined) throw new Error(`the realm has no service ${unknown}`)
  const desktop = await findClient(call, 'desktop')
  if (desktop === undefined) throw new Error('the realm has no client "desktop": import keycloak/realm.json')
  const representation = clientOf(host, appSchema.parse(await call('GET', `${REALM}/clients/${desktop}`)))
  const known = await findClient(call, host.clientId)
  // Scopes of a known client are not changed by an update: it is made anew.
  if (known !== undefined) await removeHostClient(call, known)
  await call('POST', `${REALM}/clients`, representation)
  for (const name of host.calls) await addOptionalScope(call, host.clientId, scopes.get(name) ?? '')
}

/** Deletes a host's client. @throws TypeError for a client that is no host, such as a service or an app of the realm. */
async function removeHostClient(call: AdminCall, id: string): Promise<void> {
  const client = clientSchema.parse(await call('GET', `${REALM}/clients/${id}`))
  if (!isAddedHost(client))
    throw new TypeError(`${client.clientId} is a service or an app of the realm: choose another name for the host`)
  await call('DELETE', `${REALM}/clients/${id}`)
}

function clientOf(host: NewHost, desktop: z.output<typeof appSchema>): object {
  const { clientId, redirectUris } = host
  const { 'mandate.dpop': _dpop, 'post.logout.redirect.uris': _loggedOut, ...attributes } = desktop.attributes
  return {
    clientId,
    name: `${clientId}: host of an AI agent`,
    enabled: true,
    protocol: 'openid-connect',
    publicClient: true,
    standardFlowEnabled: true,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: false,
    frontchannelLogout: false,
    fullScopeAllowed: false,
    consentRequired: true,
    redirectUris,
    webOrigins: [],
    attributes: {
      ...attributes,
      'pkce.code.challenge.method': 'S256',
      'display.on.consent.screen': 'true',
      'consent.screen.text': consentText(host),
      [HOST_MARK]: 'true',
    },
    authenticationFlowBindingOverrides: desktop.authenticationFlowBindingOverrides,
    protocolMappers: [],
    defaultClientScopes: ['basic', 'pseudonym'],
    optionalClientScopes: [],
  }
}

/** Text on Keycloak's consent page. Keycloak parses it as a java.text.MessageFormat: it must have no apostrophes and no braces. */
function consentText({ clientId, redirectUris, calls }: NewHost): string {
  const returnsTo = [...new Set(redirectUris.map((uri) => new URL(uri).host))].join(', ')
  return (
    `Acting for you at ${calls.join(', ')}, as the agent ${clientId}, a program of a third party. Your browser then goes to ${returnsTo}. ` +
    'It may do only what you permit it by a grant, until you revoke that. It never gets your rights in person: it cannot give authority, or change ' +
    'your settings. Continue only if you started this yourself.'
  )
}
