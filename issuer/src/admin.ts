/**
 * Administration of the embedded issuer by its data folder: write access to it is the administrator's right. Effective with the server's next request.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import type { ClientMetadata } from 'oidc-provider'
import { type AddedService, addedServices, audiencesOfRealm, storeService } from './added-services.ts'
import { openDatabase } from './database.ts'
import { DEVICE_CODE } from './device.ts'
import { TOKEN_EXCHANGE } from './exchange.ts'
import { type AddedHost, hostMetadata } from './hosts.ts'
import { addSigningKey } from './keys.ts'
import { type NewPerson, People } from './people.ts'
import { createProvider } from './provider.ts'
import {
  AUDIENCES,
  CALLBACK_PATH,
  CALLBACK_PATHS,
  CLIENTS,
  type ConfidentialClient,
  clientOf,
  type RealmClient,
  type Role,
} from './realm.ts'
import { endSession, forgetSessions, sessionsOf } from './sessions.ts'

/** Options of {@link IssuerAdmin.setUpClients}. */
export interface RealmSettings {
  readonly secrets: Readonly<Record<ConfidentialClient, string>>
  /** The PDP's back-channel logout endpoint. */
  readonly logoutUrl: string
}

/** Operations on a data folder; call `close` when done. */
export interface IssuerAdmin {
  /** Creates or updates the clients of the realm. */
  setUpClients(settings: RealmSettings): void
  /** Creates a login unless there is one with that name. @throws TypeError for a password of less than 12 characters */
  addPerson(person: NewPerson, roles?: readonly Role[]): Promise<void>
  /** Deletes a login, and its sessions. @returns `false` when there is none. */
  deletePerson(username: string): boolean
  /**
   * Ends all sessions of a login, with back-channel logout.
   *
   * @param issuer - The `iss` claim of the server's tokens.
   * @throws AggregateError when a client did not take its logout token. The sessions have ended nevertheless.
   */
  endSessions(username: string, issuer: string): Promise<void>
  giveRole(username: string, role: Role): void
  withdrawRole(username: string, role: Role): void
  /** The key of a login in the database, which no token contains. */
  idOf(username: string): string | undefined
  /** The `sub` of a login: what tokens and the PDP know the person by. */
  subOf(username: string): string | undefined
  setClientSecret(clientId: string, secret: string): void
  /** Adds a service like `trips`, which signs for itself (`private_key_jwt`). */
  addKeyedService(clientId: string, jwks: NonNullable<ClientMetadata['jwks']>): void
  /**
   * Adds a service with a scope and an audience of its name, which both native apps and the services that call it may ask for. Of a known service, secret
   * and `calls` are replaced.
   *
   * @throws TypeError for a name of the realm itself, and for a service in `calls` that there is not.
   */
  addService(service: AddedService, secret: string): void
  /**
   * Adds a host of an AI agent: a public client with PKCE, whose tokens for the services that it calls are a person's *through* the agent of its name. Of a
   * known host, redirect URIs and services are replaced.
   *
   * @throws TypeError for a name of the realm itself or of a service, and for a service in `calls` that there is not.
   */
  addHost(host: AddedHost): void
  /**
   * Removes a client that was added; of a service, its scope, too. Does nothing where there is none.
   *
   * @throws TypeError for a client of the realm itself.
   */
  removeClient(clientId: string): void
  /** Adds a signing key, which signs from now on. Tokens of the older keys stay valid. */
  rotateKey(): void
  close(): void
}

/** Opens the data folder, and creates it when it is new. */
export function openIssuerAdmin(dataDir: string): IssuerAdmin {
  const database = openDatabase(dataDir)
  const people = new People(database)
  return {
    ...clientAdmin(database),
    addPerson: async (person, roles = []) => {
      await people.add(person)
      for (const role of roles) people.giveRole(person.username, role)
    },
    deletePerson: (username) => {
      const person = people.byUsername(username)
      if (person) forgetSessions(database, person.sub)
      return people.remove(username)
    },
    endSessions: async (username, issuer) => {
      const sub = people.byUsername(username)?.sub
      if (sub !== undefined) await endSessionsOf(database, sub, issuer)
    },
    giveRole: (username, role) => people.giveRole(username, role),
    withdrawRole: (username, role) => people.withdrawRole(username, role),
    idOf: (username) => people.byUsername(username)?.id,
    subOf: (username) => people.byUsername(username)?.sub,
    rotateKey: () => addSigningKey(database),
    close: () => database.close(),
  }
}

async function endSessionsOf(database: DatabaseSync, sub: string, issuer: string): Promise<void> {
  const { provider } = createProvider(issuer, database)
  const failures: object[] = []
  const logger = { warn: (fields: object) => void failures.push(fields) }
  for (const session of sessionsOf(database, sub)) await endSession(provider, database, session, logger)
  if (failures.length > 0) throw new AggregateError(failures, 'back-channel logout failed')
}

function clientAdmin(
  database: DatabaseSync,
): Pick<
  IssuerAdmin,
  'setUpClients' | 'setClientSecret' | 'addKeyedService' | 'addService' | 'addHost' | 'removeClient'
> {
  const put = (metadata: ClientMetadata): void => {
    database
      .prepare('INSERT OR REPLACE INTO clients (client_id, metadata) VALUES (?, ?)')
      .run(metadata.client_id, JSON.stringify(metadata))
  }
  return {
    setUpClients: ({ secrets, logoutUrl }) => {
      const known: ReadonlyMap<string, string> = new Map(Object.entries(secrets))
      for (const client of CLIENTS)
        put(metadataOf(withAddedScopes(client, database), known.get(client.clientId), logoutUrl))
    },
    setClientSecret: (clientId, secret) => {
      database
        .prepare("UPDATE clients SET metadata = json_set(metadata, '$.client_secret', ?) WHERE client_id = ?")
        .run(secret, clientId)
    },
    addKeyedService: (clientId, jwks) => {
      const { client_secret: _secret, ...like } = metadataOf(serviceLike('trips', clientId), undefined, '')
      const keyed = { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256' } as const
      put({ ...like, ...keyed, jwks })
    },
    addService: (service, secret) => {
      checkService(service, database)
      const { clientId, calls } = service
      storeService(database, service)
      put(metadataOf({ ...serviceLike('trips', clientId), scopes: ['pdp', ...calls] }, secret, ''))
      updateScopes(database)
    },
    addHost: (host) => {
      checkService(host, database)
      if (addedServices(database).some(({ clientId }) => clientId === host.clientId))
        throw new TypeError(`${host.clientId} is a service: choose another name for the host`)
      put(hostMetadata(host, database))
    },
    removeClient: (clientId) => {
      refuseOwnClient(clientId)
      database.prepare('DELETE FROM clients WHERE client_id = ?').run(clientId)
      database.prepare('DELETE FROM services WHERE client_id = ?').run(clientId)
      updateScopes(database)
    },
  }
}

/** @throws TypeError naming what is wrong */
function checkService({ clientId, calls }: AddedService, database: DatabaseSync): void {
  refuseOwnClient(clientId)
  const known = audiencesOfRealm(database)
  const unknown = calls.find((name) => !known.has(name))
  if (unknown !== undefined) throw new TypeError(`the realm has no service ${unknown}`)
}

function refuseOwnClient(clientId: string): void {
  if (clientOf(clientId) || AUDIENCES.has(clientId))
    throw new TypeError(`${clientId} is a client or scope of the realm itself`)
}

/** The client with the scopes of the services that were added, where people sign in at it. */
function withAddedScopes(client: RealmClient, database: DatabaseSync): RealmClient {
  if (client.kind !== 'native') return client
  return { ...client, scopes: [...client.scopes, ...addedServices(database).map(({ clientId }) => clientId)] }
}

function updateScopes(database: DatabaseSync): void {
  const update = database.prepare("UPDATE clients SET metadata = json_set(metadata, '$.scope', ?) WHERE client_id = ?")
  for (const client of CLIENTS)
    if (client.kind === 'native')
      update.run(['openid', ...withAddedScopes(client, database).scopes].join(' '), client.clientId)
}

function serviceLike(known: string, clientId: string): RealmClient {
  const like = clientOf(known)
  if (!like) throw new TypeError(`the realm has no client ${known}`)
  return { ...like, clientId }
}

/** The client as `oidc-provider` stores it. */
function metadataOf(
  { clientId, kind, scopes, deviceName }: RealmClient,
  secret: string | undefined,
  logoutUrl: string,
): ClientMetadata {
  const base = {
    client_id: clientId,
    id_token_signed_response_alg: 'RS256' as const,
    scope: ['openid', ...scopes].join(' '),
    ...(secret !== undefined && { client_secret: secret }),
  }
  const authentication = kind === 'native' ? 'none' : 'client_secret_basic'
  if (kind === 'service' || kind === 'audience') {
    const grants = kind === 'service' ? ['client_credentials', TOKEN_EXCHANGE] : []
    return {
      ...base,
      token_endpoint_auth_method: authentication,
      grant_types: grants,
      response_types: [],
      redirect_uris: [],
    }
  }
  return {
    ...base,
    token_endpoint_auth_method: authentication,
    // Of the auditor's server, too: on loopback any port is right (RFC 8252, section 7.3), which oidc-provider has for this type alone.
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token', ...(deviceName === undefined ? [] : [DEVICE_CODE])],
    response_types: ['code'],
    redirect_uris: [`http://127.0.0.1${CALLBACK_PATHS.get(clientId) ?? CALLBACK_PATH}`],
    backchannel_logout_uri: logoutUrl,
    backchannel_logout_session_required: true,
  }
}
