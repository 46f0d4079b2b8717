/**
 * DPoP proofs (RFC 9449) where `oidc-provider` does not verify them: at UserInfo, which is ours, and for revocation, as Keycloak asks for them.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, decodeJwt, EmbeddedJWK, jwtVerify } from 'jose'
import { z } from 'zod'
import { LIFETIMES } from './realm.ts'

/** Algorithms of proofs that the issuer accepts. */
export const PROOF_ALGORITHMS = ['ES256', 'RS256'] as const

/** The request that a proof came with. */
export interface ProvenRequest {
  /** Its `DPoP` header. */
  readonly proof: string | undefined
  readonly method: string
  /** Endpoint, without a query. */
  readonly url: string
  /** Access token that was sent, too: where the proof has its hash, it must be that of this token. */
  readonly accessToken?: string
}

const claimsSchema = z.object({
  htm: z.string(),
  htu: z.url(),
  iat: z.int(),
  jti: z.string().min(1),
  ath: z.string().optional(),
})

/** Verifies the proof of a request. @returns RFC 7638 thumbprint of its key; `undefined` without a valid proof */
export async function thumbprintOf({ proof, method, url, accessToken }: ProvenRequest): Promise<string | undefined> {
  if (proof === undefined) return undefined
  const rules = { algorithms: [...PROOF_ALGORITHMS], typ: 'dpop+jwt' }
  const verified = await jwtVerify(proof, EmbeddedJWK, rules).catch(() => undefined)
  const claims = claimsSchema.safeParse(verified?.payload).data
  const { jwk } = verified?.protectedHeader ?? {}
  if (claims === undefined || jwk === undefined) return undefined
  const { origin, pathname } = new URL(claims.htu)
  if (claims.htm !== method || origin + pathname !== url || !isFresh(claims.iat)) return undefined
  const hash = createHash('sha256')
    .update(accessToken ?? '')
    .digest('base64url')
  return claims.ath !== undefined && claims.ath !== hash ? undefined : calculateJwkThumbprint(jwk)
}

/** Whether a proof was made too long ago, or in the future. One that cannot be read is not: its verification fails. */
export function isStale(proof: string): boolean {
  try {
    const { iat } = decodeJwt(proof)
    return iat !== undefined && !isFresh(iat)
  } catch {
    return false
  }
}

function isFresh(iat: number): boolean {
  return Math.abs(Date.now() / 1_000 - iat) <= LIFETIMES.proof
}
