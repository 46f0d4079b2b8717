/**
 * The shared Keycloak as the subject of the realm's contract.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import {
  type AdminCall,
  addHost,
  addService,
  adminSession,
  deleteUser,
  type KeycloakAdmin,
  type PdpRole,
  provisionPeople,
  removeService,
} from '@mandate/keycloak'
import type { Identity } from '@mandate/stack'
import { z } from 'zod'
import { LOGOUT_PORT } from '../../support/logout-port.ts'
import type { RealmAdmin, RealmUnderTest } from './subject.ts'

const REALM = '/realms/mandate'
const idsSchema = z.array(z.looseObject({ id: z.string() }))

export function keycloakSubject(identity: Identity): RealmUnderTest {
  return {
    name: 'Keycloak',
    identity,
    admin: adminOf(keycloakAdminOf(identity)),
    logoutPort: LOGOUT_PORT,
    differs: () => undefined,
  }
}

/** The administrator of a Keycloak. @throws TypeError for another issuer */
export function keycloakAdminOf({ admin }: Identity): KeycloakAdmin {
  if (!admin) throw new TypeError('this issuer is no Keycloak')
  return admin
}

function adminOf(admin: KeycloakAdmin): RealmAdmin {
  // A session of the administrator lasts about a minute: one for each task.
  const session = (): Promise<AdminCall> => adminSession(admin)
  const idAt = async (call: AdminCall, path: string): Promise<string> => {
    const [found] = idsSchema.parse(await call('GET', path))
    if (!found) throw new TypeError(`nothing is at ${path}`)
    return found.id
  }
  const clientAt = (call: AdminCall, clientId: string) => idAt(call, `${REALM}/clients?clientId=${clientId}`)
  const userAt = (call: AdminCall, username: string) => idAt(call, `${REALM}/users?exact=true&username=${username}`)
  const changeRole = async (method: 'POST' | 'DELETE', username: string, role: PdpRole): Promise<void> => {
    const call = await session()
    const pdp = await clientAt(call, 'pdp')
    const held = z.looseObject({}).parse(await call('GET', `${REALM}/clients/${pdp}/roles/${role}`))
    await call(method, `${REALM}/users/${await userAt(call, username)}/role-mappings/clients/${pdp}`, [held])
  }
  return {
    addPerson: (person) => provisionPeople(admin, { [person.username]: person }),
    deletePerson: (username) => deleteUser(admin, username),
    endSessions: async (username) => {
      const call = await session()
      await call('POST', `${REALM}/users/${await userAt(call, username)}/logout`)
    },
    giveRole: (username, role) => changeRole('POST', username, role),
    withdrawRole: (username, role) => changeRole('DELETE', username, role),
    idOf: async (username) => userAt(await session(), username),
    setClientSecret: async (clientId, secret) => {
      const call = await session()
      await call('PUT', `${REALM}/clients/${await clientAt(call, clientId)}`, { clientId, secret })
    },
    addKeyedService: async (clientId, keys) => addKeyedService(await session(), clientId, keys),
    addService: (clientId, calls, secret) => addService(admin, { clientId, calls }, secret),
    addHost: (clientId, redirectUris, calls) => addHost(admin, { clientId, redirectUris, calls }),
    removeService: (clientId) => removeService(admin, clientId),
    removeClient: async (clientId) => {
      const call = await session()
      await call('DELETE', `${REALM}/clients/${await clientAt(call, clientId)}`)
    },
    expiring: (start) => expiring(session, start),
    rotateKey: () => rotateKey(session),
  }
}

async function addKeyedService(call: AdminCall, clientId: string, keys: readonly object[]): Promise<void> {
  const [trips] = z
    .array(z.looseObject({ id: z.string(), attributes: z.record(z.string(), z.string()) }))
    .parse(await call('GET', `${REALM}/clients?clientId=trips`))
  if (!trips) throw new TypeError('the realm has no client trips')
  const { id: _, clientId: __, protocolMappers: ___, secret: ____, ...like } = trips
  const attributes = {
    'token.endpoint.auth.signing.alg': 'ES256',
    'use.jwks.string': 'true',
    'jwks.string': JSON.stringify({ keys }),
    'access.token.header.type.rfc9068': 'true',
  }
  const keyed = { clientAuthenticatorType: 'client-jwt', attributes }
  await call('POST', `${REALM}/clients`, { ...like, clientId, name: clientId, ...keyed })
}

async function expiring<T>(session: () => Promise<AdminCall>, start: () => Promise<T>): Promise<T> {
  const call = await session()
  const realm = z.looseObject({}).parse(await call('GET', REALM))
  await call('PUT', REALM, { ...realm, oauth2DeviceCodeLifespan: 1 })
  try {
    return await start()
  } finally {
    await call('PUT', REALM, realm)
  }
}

async function rotateKey(session: () => Promise<AdminCall>): Promise<() => Promise<void>> {
  const call = await session()
  const realm = z.object({ id: z.string() }).parse(await call('GET', REALM))
  const name = `rotated-${randomBytes(4).toString('hex')}`
  const config = { priority: ['1000'], enabled: ['true'], active: ['true'], algorithm: ['RS256'], keySize: ['2048'] }
  const provider = { providerId: 'rsa-generated', providerType: 'org.keycloak.keys.KeyProvider' }
  await call('POST', `${REALM}/components`, { name, parentId: realm.id, ...provider, config })
  return async () => {
    const again = await session()
    const [made] = idsSchema.parse(await again('GET', `${REALM}/components?name=${name}`))
    await again('DELETE', `${REALM}/components/${made?.id}`)
  }
}
