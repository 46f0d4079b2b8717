/**
 * Realms of tenants: each is made of `realm.json`, with a name, secrets and addresses of its own.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { adminSession, type KeycloakAdmin, realmPath } from './admin.ts'
import { REALM_FILE } from './realm-file.ts'

/** Attribute of realms that were added here: the others are left alone. */
const TENANT_MARK = 'mandate.tenant'
/** The edge lets in paths of such realms (`deploy/edge/sign-in.conf`). */
const NAME = /^[a-z][a-z0-9-]{1,30}$/u
const RESERVED = ['master', 'mandate']
/** Ids in the file are those of the realm `mandate`: Keycloak refuses a second thing with the same one, in another realm too. */
const UUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gu
const PLACEHOLDER = /\$\{(?<name>[A-Z][A-Z0-9_]*)\}/gu

/** A realm to add. */
export interface NewRealm {
  /** 2 to 31 lower-case letters, digits and hyphens. Part of the issuer, so of everything stored about a person. */
  readonly name: string
  /** Values of the placeholders of {@link REALM_FILE}: `REALM_SECRETS`, `PDP_LOGOUT_URL` and `AUDITOR_PUBLIC_URL`. */
  readonly values: Readonly<Record<string, string>>
}

const realmSchema = z.looseObject({ attributes: z.record(z.string(), z.string()).default({}) })

/**
 * Adds a realm, without people.
 *
 * @throws TypeError for a name that no tenant may have, and for a placeholder without a value; Error naming the call that Keycloak refused: 409 where
 *   there is a realm of this name.
 */
export async function addRealm(admin: KeycloakAdmin, { name, values }: NewRealm): Promise<void> {
  requireName(name)
  const file = readFileSync(REALM_FILE, 'utf8')
  const ids = new Map((file.match(UUID) ?? []).map((id) => [id, randomUUID()]))
  const withOwnIds = file.replaceAll(UUID, (id) => ids.get(id) ?? id)
  const text = withOwnIds.replaceAll(PLACEHOLDER, (_whole, placeholder: string) => {
    const value = values[placeholder]
    if (!value) throw new TypeError(`${placeholder} has no value`)
    return JSON.stringify(value).slice(1, -1)
  })
  const template = realmSchema.parse(JSON.parse(text))
  const attributes = { ...template.attributes, [TENANT_MARK]: 'true' }
  const call = await adminSession(admin)
  await call('POST', '/realms', { ...template, realm: name, displayName: name, attributes })
}

/**
 * Removes a realm with its people, sessions, keys and salt. Nobody of it is ever recognised again.
 *
 * @throws TypeError for a realm that was not added here; Error naming the call that Keycloak refused: 404 where there is none.
 */
export async function removeRealm(admin: KeycloakAdmin, name: string): Promise<void> {
  requireName(name)
  const call = await adminSession(admin)
  const path = realmPath({ ...admin, realm: name })
  const { attributes } = realmSchema.parse(await call('GET', path))
  if (attributes[TENANT_MARK] !== 'true') throw new TypeError(`${name} is no realm that was added for a tenant`)
  await call('DELETE', path)
}

function requireName(name: string): void {
  if (!NAME.test(name) || RESERVED.includes(name))
    throw new TypeError(
      `${name}: a tenant has 2 to 31 lower-case letters, digits and hyphens, and is not ${RESERVED.join(' or ')}`,
    )
}
