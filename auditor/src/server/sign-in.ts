/**
 * Routes for signing in and out. The browser has two cookies and no tokens: the encrypted state of a sign-in (`SameSite=Lax`, since the identity provider
 * redirects back), and the session id (`SameSite=Strict`).
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { type CookieOptions, type Request, type Response, Router } from 'express'
import type { Identity } from './identity.ts'
import { cookieOf, ownPageOnly } from './middleware.ts'
import { safeRedirectPath } from './redirect-path.ts'
import { lacksSecondFactor } from './roles.ts'
import type { Sessions } from './sessions.ts'
import { SIGN_IN_S, type SignInStates } from './sign-in-state.ts'

/** Name of the session cookie. */
export const SESSION_COOKIE = '__Host-mandate-audit'
const SIGN_IN_COOKIE = '__Host-mandate-sign-in'
const COOKIE: CookieOptions = { httpOnly: true, secure: true, path: '/' }

/** Dependencies of {@link signInRoutes}. */
export interface SignInDeps {
  readonly identity: Identity
  readonly sessions: Sessions
  readonly pending: SignInStates
  readonly publicUrl: string
  /** Rules for a second factor ({@link hasSecondFactor}). */
  readonly secondFactor: readonly string[]
}

/** Routes `/sign-in`, `/callback` and `/sign-out`. */
export function signInRoutes({ identity, sessions, pending, publicUrl, secondFactor }: SignInDeps): Router {
  const router = Router()
  const begin = async (res: Response, to: string, stepUp: boolean): Promise<void> => {
    const begun = await identity.begin({ stepUp })
    const state = await pending.encrypt(begun.pending, to)
    res.cookie(SIGN_IN_COOKIE, state, { ...COOKIE, sameSite: 'lax', maxAge: SIGN_IN_S * 1_000 })
    redirect(res, begun.url.href)
  }
  router.get('/sign-in', (req, res) => begin(res, safeRedirectPath(req.query['to']), false))
  router.get('/callback', async (req, res) => {
    const state = await pending.decrypt(cookieOf(req, SIGN_IN_COOKIE))
    res.clearCookie(SIGN_IN_COOKIE, { ...COOKIE, sameSite: 'lax' })
    // A repeated callback, or one of another browser: there is no sign-in to complete.
    if (!state) return redirect(res, '/')
    try {
      const tokens = await identity.finish(new URL(req.originalUrl, publicUrl), state)
      await endPreviousSession(req, sessions, identity)
      // Roles are effective only with a second factor: request it once, if the provider's session was started without.
      if (!state.stepUp && lacksSecondFactor(tokens.access, secondFactor)) return await begin(res, state.to, true)
      res.cookie(SESSION_COOKIE, sessions.open(tokens), { ...COOKIE, sameSite: 'strict' })
      return redirect(res, state.to)
    } catch (error) {
      if (error instanceof Fault && error.code === 'unauthenticated') return redirect(res, '/refused')
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

/** Ends the browser's previous session before a new one is created. */
async function endPreviousSession(req: Request, sessions: Sessions, identity: Identity): Promise<void> {
  const before = sessions.close(cookieOf(req, SESSION_COOKIE))
  if (before) await identity.revoke(before)
}

function redirect(res: Response, to: string): void {
  res.set('Cache-Control', 'no-store').redirect(303, to)
}
