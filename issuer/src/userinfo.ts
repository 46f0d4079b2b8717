/**
 * The UserInfo endpoint: `sub`, while the session of the token is alive. The desktop asks it whether it is still signed in.
 *
 * @module
 */
import type { RequestHandler } from 'express'
import type { OwnTokens } from './own-tokens.ts'
import type { People } from './people.ts'

export interface UserinfoDeps {
  readonly ownTokens: () => OwnTokens
  readonly people: People
}

const BEARER = /^(?:Bearer|DPoP) (?<token>\S+)$/iu

export function userinfoRoute({ ownTokens, people }: UserinfoDeps): RequestHandler {
  return async (req, res) => {
    const token = BEARER.exec(req.headers.authorization ?? '')?.groups?.['token']
    const own = token === undefined ? undefined : await ownTokens().readAccessToken(token)
    if (own?.session === undefined || people.bySub(own.claims.sub) === undefined) {
      res.status(401).set('WWW-Authenticate', 'Bearer error="invalid_token"').json({ error: 'invalid_token' })
      return
    }
    res.set('Cache-Control', 'no-store').json({ sub: own.claims.sub })
  }
}
