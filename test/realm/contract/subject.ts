/**
 * What the realm's contract needs of a server: Keycloak with `keycloak/realm.json`, or the embedded issuer.
 *
 * @module
 */
import type { Difference } from '@mandate/issuer'
import type { Credentials, PdpRole } from '@mandate/keycloak'
import type { Identity } from '@mandate/stack'
import type { JWK } from 'jose'
import { expect, type TestContext } from 'vitest'

/** Administration that tests need. Changes are effective with the next request. */
export interface RealmAdmin {
  /** Creates a login unless there is one with that name. */
  addPerson(person: Credentials): Promise<void>
  /** @returns `false` when there is no such login. */
  deletePerson(username: string): Promise<boolean>
  /** Ends all sessions of a person. */
  endSessions(username: string): Promise<void>
  giveRole(username: string, role: PdpRole): Promise<void>
  withdrawRole(username: string, role: PdpRole): Promise<void>
  /** The key of a login within the server. */
  idOf(username: string): Promise<string>
  setClientSecret(clientId: string, secret: string): Promise<void>
  /** Adds a service like `trips` that signs for itself by one of these ES256 keys. */
  addKeyedService(clientId: string, keys: readonly JWK[]): Promise<void>
  /** Adds a service of a person's own domain; `calls` are services for which it may exchange a person's token. */
  addService(clientId: string, calls: readonly string[], secret: string): Promise<void>
  /** Adds a host of an AI agent, whose tokens are for `calls`. */
  addHost(clientId: string, redirectUris: readonly string[], calls: readonly string[]): Promise<void>
  /** Removes a service with its scope. */
  removeService(clientId: string): Promise<void>
  removeClient(clientId: string): Promise<void>
  /** Runs `start`, so that the device code which that asks for expires within a second or two. */
  expiring<T>(start: () => Promise<T>): Promise<T>
  /** Makes the realm sign with a new key. @returns a function that removes the key again, where the server can. */
  rotateKey(): Promise<() => Promise<void>>
}

/** A running server with the people of the demo. */
export interface RealmUnderTest {
  readonly name: string
  readonly identity: Identity
  readonly admin: RealmAdmin
  /** Port on 127.0.0.1 of the realm's back-channel logout URL. */
  readonly logoutPort: number
  /** Why the server differs from Keycloak; `undefined` where it does not. */
  readonly differs: (difference: Difference) => string | undefined
}

/** The server of the running file: opened in `beforeAll`. */
export type Subject = () => RealmUnderTest

/** Skips a test, with its reason, on a server that differs from Keycloak in this. */
export function needs(subject: Subject, difference: Difference, context: TestContext): void {
  const reason = subject().differs(difference)
  if (reason !== undefined) context.skip(`${subject().name}: ${reason}`)
}

/** A person of the demo. */
export function personOf({ identity }: RealmUnderTest, name: string): Credentials {
  return identity.people[name] ?? expect.unreachable(`there is no login ${name}`)
}

/** The refresh token of a response. @throws when there is none */
export function refreshTokenOf({ refresh_token: token }: { readonly refresh_token?: string }): string {
  return token ?? expect.unreachable('the session has no refresh token')
}
