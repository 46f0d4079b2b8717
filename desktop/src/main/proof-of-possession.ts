/**
 * DPoP proofs (RFC 9449) for two requests for which openid-client makes none: revoking a bound refresh token, and UserInfo. Without a proof Keycloak
 * responds with 400 and 500.
 *
 * @module
 */
import { createHash, randomUUID, subtle } from 'node:crypto'
import * as oidc from 'openid-client'

/** A key pair whose private half cannot leave the process, unless it was made extractable. */
export type CryptoKeyPair = Awaited<ReturnType<typeof oidc.randomDPoPKeyPair>>

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Makes a DPoP proof (RFC 9449). @param accessToken - The token that is sent with the request, if any. */
export async function proofFor(
  { privateKey, publicKey }: CryptoKeyPair,
  { url, method, accessToken, now }: { url: URL; method: 'GET' | 'POST'; accessToken?: string; now: number },
): Promise<string> {
  const { kty, crv, x, y } = await subtle.exportKey('jwk', publicKey)
  const claims = {
    iat: Math.floor(now / 1_000),
    jti: randomUUID(),
    htm: method,
    htu: url.origin + url.pathname,
    ...(accessToken === undefined ? {} : { ath: createHash('sha256').update(accessToken).digest('base64url') }),
  }
  const text = `${encoded({ alg: 'ES256', typ: 'dpop+jwt', jwk: { kty, crv, x, y } })}.${encoded(claims)}`
  const signature = await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, Buffer.from(text))
  return `${text}.${Buffer.from(signature).toString('base64url')}`
}

/** The provider's time, in milliseconds since 1970. */
export function nowAt(configuration: oidc.Configuration): number {
  const skewS: unknown = Reflect.get(configuration.clientMetadata(), oidc.clockSkew)
  return Date.now() + (typeof skewS === 'number' ? skewS * 1_000 : 0)
}
