/**
 * The UserInfo endpoint: `sub`, while the session of the token is alive. The desktop asks it whether it is still signed in. Tokens of native apps need a
 * DPoP proof, as Keycloak asks for: of any key, since access tokens are not bound to one.
 *
 * @module
 */
import type { RequestHandler } from 'express'
import type { OwnTokens } from './own-tokens.ts'
import type { People } from './people.ts'
import { thumbprintOf } from './proof.ts'
import { isNative, PATHS } from './realm.ts'

export interface UserinfoDeps {
  readonly issuer: string
  readonly ownTokens: () => OwnTokens
  readonly people: People
}

const BEARER = /^Bearer (?<token>\S+)$/iu

export function userinfoRoute({ issuer, ownTokens, people }: UserinfoDeps): RequestHandler {
  const url = `${issuer}${PATHS.userinfo}`
  return async (req, res) => {
    const refuse = (status: number, error: string): void => {
      res.status(status).set('WWW-Authenticate', `Bearer error="${error}"`).json({ error })
    }
    res.set('Cache-Control', 'no-store')
    const token = BEARER.exec(req.headers.authorization ?? '')?.groups?.['token']
    const own = token === undefined ? undefined : await ownTokens().readAccessToken(token)
    if (token === undefined || own?.session === undefined || people.bySub(own.claims.sub) === undefined) {
      refuse(401, 'invalid_token')
      return
    }
    const { azp, scope, sub } = own.claims
    const asked = { proof: req.get('dpop'), method: req.method, url, accessToken: token }
    if (!scope.split(' ').includes('openid')) refuse(403, 'insufficient_scope')
    else if (isNative(azp) && (await thumbprintOf(asked)) === undefined) refuse(400, 'invalid_dpop_proof')
    else res.json({ sub })
  }
}
