/**
 * Verifies tokens that this issuer signed. `oidc-provider` does not store access tokens in JWT format, so it cannot look them up.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { compactVerify, createLocalJWKSet, jwtVerify } from 'jose'
import { z } from 'zod'
import { publicKey, type SigningKey } from './keys.ts'
import { grantedSessionBySid, type StoredSession } from './sessions.ts'

const accessSchema = z.object({
  sub: z.string(),
  azp: z.string(),
  aud: z.union([z.string().transform((audience) => [audience]), z.array(z.string())]),
  scope: z.string(),
  sid: z.string().optional(),
})
const idSchema = z.object({ iss: z.string(), aud: z.string(), sub: z.string(), sid: z.string() })

/** Claims of an access token of ours. */
export type AccessClaims = z.output<typeof accessSchema>

/** A verified access token. */
export interface OwnAccessToken {
  readonly claims: AccessClaims
  /** The session it belongs to; `undefined` when that or the client's grant in it has ended, and for a service's own token. */
  readonly session: StoredSession | undefined
}

export interface OwnTokens {
  /** `undefined` for a token that is not ours, is expired, or is no access token. */
  readonly readAccessToken: (token: string) => Promise<OwnAccessToken | undefined>
  /** Reads an ID token that is sent as a hint: it may have expired. */
  readonly readIdTokenHint: (token: string) => Promise<{ readonly clientId: string; readonly sid: string } | undefined>
}

export function createOwnTokens(issuer: string, keys: readonly SigningKey[], database: DatabaseSync): OwnTokens {
  const keySet = createLocalJWKSet({ keys: keys.map(publicKey) })
  return {
    readAccessToken: async (token) => {
      const rules = { issuer, algorithms: ['RS256'], typ: 'at+jwt', requiredClaims: ['exp', 'jti'] }
      const verified = await jwtVerify(token, keySet, rules).catch(() => undefined)
      const claims = accessSchema.safeParse(verified?.payload).data
      if (claims === undefined) return undefined
      const { sid } = claims
      return { claims, session: sid === undefined ? undefined : grantedSessionBySid(database, sid) }
    },
    readIdTokenHint: async (token) => {
      const verified = await compactVerify(token, keySet, { algorithms: ['RS256'] }).catch(() => undefined)
      if (verified === undefined || verified.protectedHeader.typ === 'at+jwt') return undefined
      const claims = idSchema.safeParse(JSON.parse(new TextDecoder().decode(verified.payload))).data
      return claims?.iss === issuer ? { clientId: claims.aud, sid: claims.sid } : undefined
    },
  }
}
