/**
 * Creates and deletes users of the realm, and reads client secrets. Idempotent: existing users are not changed.
 *
 * @module
 */
import { z } from 'zod'
import { type AdminCall, adminSession, type KeycloakAdmin, realmPath } from './admin.ts'
import type { Credentials } from './form-login.ts'
import { type PdpRole, PEOPLE } from './people.ts'
import { TOTP_STEP_SECONDS } from './totp.ts'

const users = z.array(z.object({ id: z.string(), username: z.string() }))
const clients = z.array(z.object({ id: z.string() }))
const secretAnswer = z.object({ value: z.string() })
const roles = z.array(z.object({ id: z.string(), name: z.string() }))

/**
 * Creates missing users, and assigns the roles of {@link PEOPLE}. Password and TOTP secret of an existing user are not changed.
 */
export async function provisionPeople(
  admin: KeycloakAdmin,
  people: Readonly<Record<string, Credentials>>,
): Promise<void> {
  const realm = realmPath(admin)
  const call = await adminSession(admin)
  const pdp = clients.parse(await call('GET', `${realm}/clients?clientId=pdp`))[0]
  if (!pdp) throw new Error('the realm has no client "pdp"')
  const known = roles.parse(await call('GET', `${realm}/clients/${pdp.id}/roles`))
  for (const person of Object.values(people)) {
    const id = (await findUser(call, realm, person.username)) ?? (await createUser(call, realm, person))
    const wanted = roleOf(person.username)
    const role = known.find(({ name }) => name === wanted)
    if (role) await call('POST', `${realm}/users/${id}/role-mappings/clients/${pdp.id}`, [role])
  }
}

/**
 * Deletes a login: the step of an erasure that only the operator of the identity provider can perform.
 *
 * @returns `false` when there is no such login.
 */
export async function deleteUser(admin: KeycloakAdmin, username: string): Promise<boolean> {
  const realm = realmPath(admin)
  const call = await adminSession(admin)
  const id = await findUser(call, realm, username)
  if (id === undefined) return false
  await call('DELETE', `${realm}/users/${id}`)
  return true
}

/**
 * Reads the secrets of confidential clients from a Keycloak that was not started by the stack.
 *
 * @throws Error naming the first client that is missing or has no secret.
 */
export async function readClientSecrets<Client extends string>(
  admin: KeycloakAdmin,
  names: readonly Client[],
): Promise<Record<Client, string>> {
  const realm = realmPath(admin)
  const call = await adminSession(admin)
  const entries: [Client, string][] = []
  for (const clientId of names) {
    const query = new URLSearchParams({ clientId })
    const client = clients.parse(await call('GET', `${realm}/clients?${query}`))[0]
    if (!client) throw new Error(`the realm has no client "${clientId}": import keycloak/realm.json`)
    entries.push([clientId, secretAnswer.parse(await call('GET', `${realm}/clients/${client.id}/client-secret`)).value])
  }
  return Object.fromEntries(entries) as Record<Client, string>
}

function roleOf(username: string): PdpRole | undefined {
  return new Map<string, PdpRole | undefined>(Object.entries(PEOPLE)).get(username)
}

async function findUser(call: AdminCall, realm: string, username: string): Promise<string | undefined> {
  const query = new URLSearchParams({ username, exact: 'true' })
  return users.parse(await call('GET', `${realm}/users?${query}`))[0]?.id
}

async function createUser(call: AdminCall, realm: string, person: Credentials): Promise<string> {
  const credentials = [
    { type: 'password', value: person.password, temporary: false },
    ...(person.totpSecret === undefined ? [] : [otpCredential(person.totpSecret)]),
  ]
  await call('POST', `${realm}/users`, { username: person.username, enabled: true, credentials })
  const id = await findUser(call, realm, person.username)
  if (id === undefined) throw new Error(`${person.username} was created but cannot be found`)
  return id
}

function otpCredential(secret: string): Record<string, string> {
  const period = TOTP_STEP_SECONDS
  const kind = { subType: 'totp', digits: 6, counter: 0, period, algorithm: 'HmacSHA1', secretEncoding: 'BASE32' }
  return {
    type: 'otp',
    userLabel: 'authenticator',
    secretData: JSON.stringify({ value: secret }),
    credentialData: JSON.stringify(kind),
  }
}
