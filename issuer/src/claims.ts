/**
 * Claims of access tokens: lean, and named as Keycloak names them. Pure.
 *
 * @module
 */
import { clientOf, ROLES_AUDIENCE, type Role } from './realm.ts'

/** What a token says besides its times and ids. */
export interface TokenFacts {
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Audience of each scope. */
  readonly audiences: ReadonlyMap<string, string>
  /** Audience that an exchange asked for. @default those of the scopes */
  readonly audience?: string | undefined
  /** Session id of the client; `undefined` in a service's own token. */
  readonly sid: string | undefined
  /** Authentication methods of the session; none in a service's own token. */
  readonly amr: readonly string[]
  /** Roles that the person holds. */
  readonly roles: readonly Role[]
  /** Whether the token was exchanged: roles do not go on to an agent. */
  readonly isExchanged: boolean
}

/** Audiences of scopes, without duplicates. */
export function audiencesOf(scopes: readonly string[], audiences: ReadonlyMap<string, string>): readonly string[] {
  return [...new Set(scopes.flatMap((scope) => audiences.get(scope) ?? []))]
}

/** Claims that depend on client, scopes and session. `undefined` members are left out of the token. */
export function factsAsClaims(facts: TokenFacts): Readonly<Record<string, unknown>> {
  const { clientId, scopes, sid, amr, roles, isExchanged } = facts
  const audiences = facts.audience === undefined ? audiencesOf(scopes, facts.audiences) : [facts.audience]
  const isForPdp = audiences.includes(ROLES_AUDIENCE)
  const carried = isForPdp && !isExchanged ? roles.filter((role) => clientOf(clientId)?.roles.includes(role)) : []
  return {
    aud: audiences.length === 1 ? audiences[0] : audiences,
    azp: clientId,
    client_id: clientId,
    typ: 'Bearer',
    scope: scopes.join(' '),
    ...(sid === undefined ? { svc: clientId } : { sid }),
    ...(isForPdp && { amr }),
    ...(carried.length > 0 && { roles: carried }),
  }
}
