/**
 * Adds the services of a domain of one's own to a realm made of `keycloak/realm.json`, each like `trips`: audience, service account and exchange
 * requester in one.
 *
 * @module
 */
import { z } from 'zod'
import { type AdminCall, adminSession, type KeycloakAdmin } from './admin.ts'

/** Path of the realm in Keycloak's administration. */
export const REALM = '/realms/mandate'
/** Clients that people sign in at, which may ask for a token for the service. */
const APPS = ['desktop', 'mandate-cli'] as const
const DEFAULT_SCOPES = ['basic', 'pseudonym', 'svc'] as const

const clientsSchema = z.array(z.looseObject({ id: z.string(), clientId: z.string() }))
const scopesSchema = z.array(z.looseObject({ id: z.string(), name: z.string() }))

/** A service to add. */
export interface NewService {
  /** Client id, scope and audience. */
  readonly clientId: string
  /** Services, besides the PDP, for which it may exchange a person's token. */
  readonly calls: readonly string[]
}

/**
 * Adds the client and its scope, and lets both apps and the service's own account ask for what they need. Idempotent: of a known service, secret and
 * scopes are replaced.
 *
 * @throws Error naming a service of `calls` that the realm lacks, or the call that Keycloak refused.
 */
export async function addService(admin: KeycloakAdmin, service: NewService, secret: string): Promise<void> {
  const call = await adminSession(admin)
  const { clientId, calls } = service
  const scopes = await scopeIds(call)
  const unknown = calls.find((name) => !scopes.has(name))
  if (unknown !== undefined) throw new Error(`the realm has no service ${unknown}`)
  const scope = scopes.get(clientId) ?? (await createScope(call, clientId))
  const client = await findClient(call, clientId)
  if (client === undefined) await call('POST', `${REALM}/clients`, clientOf(service, secret))
  else await updateClient(call, { client, service, secret, scopes })
  for (const app of APPS) await addOptionalScope(call, app, scope)
}

/** Removes the client and its scope. Does nothing where there is none. */
export async function removeService(admin: KeycloakAdmin, clientId: string): Promise<void> {
  const call = await adminSession(admin)
  const client = await findClient(call, clientId)
  if (client !== undefined) await call('DELETE', `${REALM}/clients/${client}`)
  const scope = (await scopeIds(call)).get(clientId)
  if (scope !== undefined) await call('DELETE', `${REALM}/client-scopes/${scope}`)
}

export async function scopeIds(call: AdminCall): Promise<ReadonlyMap<string, string>> {
  const scopes = scopesSchema.parse(await call('GET', `${REALM}/client-scopes`))
  return new Map(scopes.map(({ name, id }) => [name, id]))
}

export async function findClient(call: AdminCall, clientId: string): Promise<string | undefined> {
  return clientsSchema.parse(await call('GET', `${REALM}/clients?${new URLSearchParams({ clientId })}`))[0]?.id
}

async function createScope(call: AdminCall, name: string): Promise<string> {
  await call('POST', `${REALM}/client-scopes`, {
    name,
    description: `aud=${name}`,
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'false' },
    protocolMappers: [
      {
        name: `aud-${name}`,
        protocol: 'openid-connect',
        protocolMapper: 'oidc-audience-mapper',
        config: {
          'included.client.audience': name,
          'access.token.claim': 'true',
          'id.token.claim': 'false',
          'introspection.token.claim': 'true',
          'lightweight.claim': 'true',
        },
      },
    ],
  })
  const id = (await scopeIds(call)).get(name)
  if (id === undefined) throw new Error(`Keycloak did not create the client scope ${name}`)
  return id
}

/** The client as `keycloak/realm.json` has `trips`. */
function clientOf({ clientId, calls }: NewService, secret: string): object {
  return {
    clientId,
    name: `${clientId}: audience, service account and exchange requester in one`,
    enabled: true,
    protocol: 'openid-connect',
    publicClient: false,
    clientAuthenticatorType: 'client-secret',
    secret,
    standardFlowEnabled: false,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: true,
    fullScopeAllowed: false,
    redirectUris: [],
    webOrigins: [],
    attributes: {
      'standard.token.exchange.enabled': 'true',
      'access.token.lifespan': '300',
      'access.token.signed.response.alg': 'RS256',
      'access.token.header.type.rfc9068': 'true',
      'use.refresh.tokens': 'false',
      'client_credentials.use_refresh_token': 'false',
    },
    protocolMappers: [
      {
        name: 'client_id',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-hardcoded-claim-mapper',
        config: {
          'claim.name': 'client_id',
          'claim.value': clientId,
          'jsonType.label': 'String',
          'access.token.claim': 'true',
          'id.token.claim': 'false',
          'userinfo.token.claim': 'false',
          'introspection.token.claim': 'true',
          'lightweight.claim': 'true',
        },
      },
    ],
    defaultClientScopes: DEFAULT_SCOPES,
    optionalClientScopes: ['pdp', ...calls],
  }
}

interface Update {
  /** Key of the client within Keycloak. */
  readonly client: string
  readonly service: NewService
  readonly secret: string
  readonly scopes: ReadonlyMap<string, string>
}

async function updateClient(call: AdminCall, { client, service, secret, scopes }: Update): Promise<void> {
  const { clientId, calls } = service
  await call('PUT', `${REALM}/clients/${client}`, { clientId, secret })
  const path = `${REALM}/clients/${client}/optional-client-scopes`
  const wanted = new Set(['pdp', ...calls])
  for (const { id, name } of scopesSchema.parse(await call('GET', path)))
    if (!wanted.delete(name)) await call('DELETE', `${path}/${id}`)
  for (const name of wanted) await call('PUT', `${path}/${scopes.get(name)}`)
}

export async function addOptionalScope(call: AdminCall, app: string, scope: string): Promise<void> {
  const client = await findClient(call, app)
  if (client === undefined) throw new Error(`the realm has no client "${app}": import keycloak/realm.json`)
  await call('PUT', `${REALM}/clients/${client}/optional-client-scopes/${scope}`)
}
