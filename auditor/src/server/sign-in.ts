/**
 * Signing in and out. The browser holds two cookies and no token: a sign-in under way, sealed (`Lax`, since it must come back from the
 * identity provider), and the session's id (`Strict`).
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { type CookieOptions, type Request, type Response, Router } from 'express'
import { cookieOf, ownPageOnly } from './doors.ts'
import type { Identity } from './identity.ts'
import { ownPath } from './own-path.ts'
import { type PendingSignIns, SIGN_IN_S } from './pending.ts'
import { lacksSecondFactor } from './roles.ts'
import type { Sessions } from './sessions.ts'

export const SESSION_COOKIE = '__Host-mandate-audit'
const SIGN_IN_COOKIE = '__Host-mandate-sign-in'
const COOKIE: CookieOptions = { httpOnly: true, secure: true, path: '/' }

export interface SignInDeps {
  readonly identity: Identity
  readonly sessions: Sessions
  readonly pending: PendingSignIns
  readonly publicUrl: string
  /** What says that a second factor was used. */
  readonly secondFactor: readonly string[]
}

export function signInRoutes({ identity, sessions, pending, publicUrl, secondFactor }: SignInDeps): Router {
  const router = Router()
  const begin = async (res: Response, to: string, stepUp: boolean): Promise<void> => {
    const begun = await identity.begin({ stepUp })
    const sealed = await pending.seal(begun.pending, to)
    res.cookie(SIGN_IN_COOKIE, sealed, { ...COOKIE, sameSite: 'lax', maxAge: SIGN_IN_S * 1_000 })
    leave(res, begun.url.href)
  }
  router.get('/sign-in', (req, res) => begin(res, ownPath(req.query['to']), false))
  router.get('/callback', async (req, res) => {
    const underWay = await pending.open(cookieOf(req, SIGN_IN_COOKIE))
    res.clearCookie(SIGN_IN_COOKIE, { ...COOKIE, sameSite: 'lax' })
    // A bookmarked or repeated callback, or one that another browser began: nothing is signed in by it.
    if (!underWay) return leave(res, '/')
    try {
      const tokens = await identity.finish(new URL(req.originalUrl, publicUrl), underWay)
      await endOf(req, sessions, identity)
      // A role counts by a second factor only: whoever was given one amid a session by password is asked for it now, once.
      if (!underWay.stepUp && lacksSecondFactor(tokens.access, secondFactor)) return await begin(res, underWay.to, true)
      res.cookie(SESSION_COOKIE, sessions.open(tokens), { ...COOKIE, sameSite: 'strict' })
      return leave(res, underWay.to)
    } catch (error) {
      if (error instanceof Fault && error.code === 'unauthenticated') return leave(res, '/refused')
      throw error
    }
  })
  router.post('/sign-out', ownPageOnly(publicUrl), async (req, res) => {
    const tokens = sessions.close(cookieOf(req, SESSION_COOKIE))
    res.clearCookie(SESSION_COOKIE, { ...COOKIE, sameSite: 'strict' })
    const url = tokens ? await identity.endSessionUrl(tokens).catch(() => undefined) : undefined
    res.set('Cache-Control', 'no-store').json({ url: url?.href ?? '/logged-out' })
  })
  return router
}

/** Whoever signs in anew leaves no old session behind. */
async function endOf(req: Request, sessions: Sessions, identity: Identity): Promise<void> {
  const before = sessions.close(cookieOf(req, SESSION_COOKIE))
  if (before) await identity.revoke(before)
}

function leave(res: Response, to: string): void {
  res.set('Cache-Control', 'no-store').redirect(303, to)
}
