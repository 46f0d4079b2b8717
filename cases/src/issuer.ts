/**
 * Issuer of access tokens for playing cases: its key pair exists in this process only, and only the player gets tokens.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { serve } from '@mandate/service'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { PartyClaims } from './played-pdp.ts'

/** Lifetime of a token, in seconds. */
const LIFETIME = 300
const ALGORITHM = 'ES256'

/** Signs tokens and serves the keys to verify them. */
export interface PlayIssuer {
  /** `iss` of the tokens. */
  readonly url: string
  /** Where the key set is. */
  readonly jwksUrl: string
  token(claims: PartyClaims): Promise<string>
  /** Refuses to sign from now on: tokens expire, and no new ones can be made. */
  seal(): void
  close(): Promise<void>
}

/** Starts the issuer on a free loopback port. */
export async function startPlayIssuer(): Promise<PlayIssuer> {
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM)
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'play', alg: ALGORITHM, use: 'sig' }] })
  const listener = await serve((_req, res) => res.setHeader('content-type', 'application/json').end(keys), {
    host: '127.0.0.1',
    port: 0,
  })
  let key: typeof privateKey | undefined = privateKey
  const sign = async ({ sub, azp, svc, roles }: PartyClaims): Promise<string> => {
    if (key === undefined) throw new Error('the issuer signs no more tokens')
    const claims = {
      azp,
      client_id: azp,
      scope: 'openid pdp',
      ...(svc === undefined ? { sid: randomUUID() } : { svc }),
      // The PDP ignores roles without a second factor.
      ...(roles === undefined ? {} : { roles, amr: ['pwd', 'otp'] }),
    }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, kid: 'play', typ: 'at+jwt' })
      .setIssuer(listener.url)
      .setAudience('pdp')
      .setSubject(sub)
      .setIssuedAt()
      .setJti(randomUUID())
      .setExpirationTime(Math.floor(Date.now() / 1000) + LIFETIME)
      .sign(key)
  }
  return {
    url: listener.url,
    jwksUrl: `${listener.url}/jwks`,
    token: sign,
    seal: () => {
      key = undefined
    },
    close: listener.close,
  }
}
