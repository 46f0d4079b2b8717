/**
 * Signs events as Security Event Tokens (RFC 8417), in the form of SSF 1.0.
 *
 * @module
 */
import { SignJWT } from 'jose'
import type { SignalDelivery } from '../ports/signal-outbox.ts'
import { publicJwk, type SigningKeys } from '../runtime/signing-key.ts'

/** `typ` of a SET. */
const TYP = 'secevent+jwt'

/**
 * Creates the function that signs. A delivery that is repeated has the same claims.
 *
 * @param issuer - `iss`: the identifier of the PDP, which all PDPs of a database share.
 */
export function createSigner(issuer: string, keys: SigningKeys) {
  return async (delivery: SignalDelivery, audience: string): Promise<string> => {
    const [key] = keys.all
    if (key === undefined) throw new Error('no key signs events')
    const { kid = '', alg = '' } = await publicJwk(key)
    const { event, data, jti, grant, at, issuedAt } = delivery
    const claims = {
      sub_id: { format: 'opaque', id: grant ?? audience },
      toe: Math.floor(at / 1_000),
      events: { [event]: JSON.parse(data) },
    }
    return new SignJWT(claims)
      .setProtectedHeader({ alg, kid, typ: TYP })
      .setIssuer(issuer)
      .setAudience(audience)
      .setJti(jti)
      .setIssuedAt(Math.floor(issuedAt / 1_000))
      .sign(key)
  }
}
