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
/** Attribute of clients and scopes of services that were added here: all others are left alone. */
const SERVICE_MARK = 'mandate.service'
/** Attribute of clients of hosts that were added here. */
export const HOST_MARK = 'mandate.host'

const attributes = z.record(z.string(), z.unknown()).optional()
const clientsSchema = z.array(
  z.looseObject({ id: z.string(), clientId: z.string(), name: z.string().optional(), attributes }),
)
const scopesSchema = z.array(z.looseObject({ id: z.string(), name: z.string(), attributes }))
type Client = z.output<typeof clientsSchema>[number]

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
 * @throws TypeError for the name of a client or scope that was not added here; Error naming a service of `calls` that the realm lacks, or the call that
 *   Keycloak refused.
 */
export async function addService(admin: KeycloakAdmin, service: NewService, secret: string): Promise<void> {
  const call = await adminSession(admin)
  const { clientId, calls } = service
  const scopes = await scopeIds(call)
  const unknown = calls.find((name) => !scopes.has(name))
  if (unknown !== undefined) throw new Error(`the realm has no service ${unknown}`)
  const client = await readClient(call, clientId)
  if (client !== undefined && !isAddedService(client)) throw notAdded(clientId)
  const scope = await ownScope(call, clientId, client)
  if (scope === undefined && scopes.has(clientId)) throw notAdded(clientId)
  const scopeId = scope ?? (await createScope(call, clientId))
  if (client === undefined) await call('POST', `${REALM}/clients`, clientOf(service, secret))
  else await updateClient(call, { client: client.id, service, secret, scopes })
  for (const app of APPS) await addOptionalScope(call, app, scopeId)
}

/**
 * Removes a service with its scope, or a host. Does nothing where there is none.
 *
 * @throws TypeError for a client or scope that was not added here, such as one of the realm itself. Nothing is removed then.
 */
export async function removeService(admin: KeycloakAdmin, clientId: string): Promise<void> {
  const call = await adminSession(admin)
  const client = await readClient(call, clientId)
  if (client !== undefined && !isAddedService(client) && !isAddedHost(client)) throw notAdded(clientId)
  const scope = await ownScope(call, clientId, client)
  if (client === undefined && scope === undefined && (await scopeIds(call)).has(clientId)) throw notAdded(clientId)
  if (client !== undefined) await call('DELETE', `${REALM}/clients/${client.id}`)
  if (scope !== undefined) await call('DELETE', `${REALM}/client-scopes/${scope}`)
}

/** Services that were added before they had the mark are known by their name for people, which no client of the realm file has. */
function isAddedService({ clientId, name, attributes }: Client): boolean {
  return attributes?.[SERVICE_MARK] === 'true' || name === titleOf(clientId)
}

/** Whether the client was added as a host. */
export function isAddedHost({ attributes }: { readonly attributes?: Client['attributes'] }): boolean {
  return attributes?.[HOST_MARK] === 'true'
}

function notAdded(name: string): TypeError {
  return new TypeError(`${name} is a client or scope of the realm itself, and no service or host that was added`)
}

/** Id of the scope of an added service. @param client - A service without the mark has a scope without it. */
async function ownScope(call: AdminCall, name: string, client: Client | undefined): Promise<string | undefined> {
  const scopes = scopesSchema.parse(await call('GET', `${REALM}/client-scopes`))
  const isUnmarked = client !== undefined && isAddedService(client) && client.attributes?.[SERVICE_MARK] !== 'true'
  return scopes.find((scope) => scope.name === name && (isUnmarked || scope.attributes?.[SERVICE_MARK] === 'true'))?.id
}

export async function scopeIds(call: AdminCall): Promise<ReadonlyMap<string, string>> {
  const scopes = scopesSchema.parse(await call('GET', `${REALM}/client-scopes`))
  return new Map(scopes.map(({ name, id }) => [name, id]))
}

export async function findClient(call: AdminCall, clientId: string): Promise<string | undefined> {
  return (await readClient(call, clientId))?.id
}

async function readClient(call: AdminCall, clientId: string): Promise<Client | undefined> {
  return clientsSchema.parse(await call('GET', `${REALM}/clients?${new URLSearchParams({ clientId })}`))[0]
}

async function createScope(call: AdminCall, name: string): Promise<string> {
  await call('POST', `${REALM}/client-scopes`, {
    name,
    description: `aud=${name}`,
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'false', [SERVICE_MARK]: 'true' },
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

const titleOf = (clientId: string): string => `${clientId}: audience, service account and exchange requester in one`

/** The client as `keycloak/realm.json` has `trips`. */
function clientOf({ clientId, calls }: NewService, secret: string): object {
  return {
    clientId,
    name: titleOf(clientId),
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
      [SERVICE_MARK]: 'true',
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
