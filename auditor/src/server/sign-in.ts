/**
 * Routes for signing in and out. The browser has two cookies and no tokens: the encrypted state of a sign-in (`SameSite=Lax`, since the identity provider
 * redirects back), and the session id (`SameSite=Strict`).
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { type CookieOptions, type Request, type RequestHandler, type Response, Router } from 'express'
import type { Identity } from './identity.ts'
import { cookieOf, ownPageOnly } from './middleware.ts'
import { safeRedirectPath } from './redirect-path.ts'
import { lacksSecondFactor } from './roles.ts'
import type { Sessions } from './sessions.ts'
import { SIGN_IN_S, type SignInStates } from './sign-in-state.ts'

/** A part of the server that people sign in to by itself: the log's page or the console. Each has a client, a session and tokens of its own. */
export interface Place {
  /** Path of its start page. */
  readonly home: '/' | '/console'
  /** Name of its session cookie. */
  readonly sessionCookie: string
  /** Name of the cookie with the state of a sign-in. */
  readonly signInCookie: string
}

/** The auditor's page: a client whose tokens read and change nothing. */
export const LOG_PLACE: Place = {
  home: '/',
  sessionCookie: '__Host-mandate-audit',
  signInCookie: '__Host-mandate-sign-in',
}
/** The console: a client whose tokens may change. */
export const CONSOLE_PLACE: Place = {
  home: '/console',
  sessionCookie: '__Host-mandate-console',
  signInCookie: '__Host-mandate-console-sign-in',
}

/** Prefix of a place's own paths: `/callback` or `/console/callback`. */
export const prefixOf = ({ home }: Place): string => (home === '/' ? '' : home)

const COOKIE: CookieOptions = { httpOnly: true, secure: true, path: '/' }

/** Dependencies of {@link signInRoutes}. */
export interface SignInDeps {
  readonly place: Place
  readonly identity: Identity
  readonly sessions: Sessions
  readonly pending: SignInStates
  readonly publicUrl: string
  /** Rules for a second factor ({@link hasSecondFactor}). */
  readonly secondFactor: readonly string[]
}

/** Routes `/sign-in`, `/callback` and `/sign-out` of a place, below its prefix. */
export function signInRoutes(deps: SignInDeps): Router {
  const { place, identity, sessions, pending, publicUrl } = deps
  const router = Router()
  const begin = async (res: Response, to: string, stepUp: boolean): Promise<void> => {
    const begun = await identity.begin({ stepUp })
    const state = await pending.encrypt(begun.pending, to)
    res.cookie(place.signInCookie, state, { ...COOKIE, sameSite: 'lax', maxAge: SIGN_IN_S * 1_000 })
    redirect(res, begun.url.href)
  }
  router.get('/sign-in', (req, res) => begin(res, safeRedirectPath(req.query['to'], place.home), false))
  router.get('/callback', callback(deps, begin))
  router.post('/sign-out', ownPageOnly(publicUrl), async (req, res) => {
    const tokens = sessions.close(cookieOf(req, place.sessionCookie))
    res.clearCookie(place.sessionCookie, { ...COOKIE, sameSite: 'strict' })
    const url = tokens ? await identity.endSessionUrl(tokens).catch(() => undefined) : undefined
    res.set('Cache-Control', 'no-store').json({ url: url?.href ?? '/logged-out' })
  })
  return router
}

type Begin = (res: Response, to: string, stepUp: boolean) => Promise<void>

/** Completes a sign-in: tokens for the code, then a session. */
function callback(
  { place, identity, sessions, pending, publicUrl, secondFactor }: SignInDeps,
  begin: Begin,
): RequestHandler {
  return async (req, res) => {
    const state = await pending.decrypt(cookieOf(req, place.signInCookie))
    res.clearCookie(place.signInCookie, { ...COOKIE, sameSite: 'lax' })
    // A repeated callback, or one of another browser: there is no sign-in to complete.
    if (!state) return redirect(res, place.home)
    try {
      const tokens = await identity.finish(new URL(req.originalUrl, publicUrl), state)
      await endPreviousSession(req, { place, sessions, identity })
      // Roles are effective only with a second factor: request it once, if the provider's session was started without.
      if (!state.stepUp && lacksSecondFactor(tokens.access, secondFactor)) return await begin(res, state.to, true)
      res.cookie(place.sessionCookie, sessions.open(tokens), { ...COOKIE, sameSite: 'strict' })
      return redirect(res, state.to)
    } catch (error) {
      if (error instanceof Fault && error.code === 'unauthenticated') return redirect(res, `${prefixOf(place)}/refused`)
      throw error
    }
  }
}

/** Ends the browser's previous session before a new one is created. */
async function endPreviousSession(
  req: Request,
  { place, sessions, identity }: Pick<SignInDeps, 'place' | 'sessions' | 'identity'>,
): Promise<void> {
  const before = sessions.close(cookieOf(req, place.sessionCookie))
  if (before) await identity.revoke(before)
}

function redirect(res: Response, to: string): void {
  res.set('Cache-Control', 'no-store').redirect(303, to)
}
