/**
 * RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0), by `id_token_hint` and without a browser's cookie, as the desktop calls it.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import express, { type Response, Router } from 'express'
import type { Provider } from 'oidc-provider'
import { z } from 'zod'
import type { OwnTokens } from './own-tokens.ts'
import { errorPage, signedOutPage } from './pages.ts'
import { LOGGED_OUT_PATH } from './realm.ts'
import { endSession, type LogoutLogger, sessionBySid } from './sessions.ts'

export interface LogoutDeps {
  readonly provider: () => Provider
  readonly ownTokens: () => OwnTokens
  readonly database: DatabaseSync
  readonly logger: LogoutLogger
}

const parametersSchema = z.object({
  id_token_hint: z.string(),
  client_id: z.string().optional(),
  post_logout_redirect_uri: z.string().optional(),
  state: z.string().optional(),
})

/** `GET` and `POST` of the end-session endpoint. */
export function logoutRoutes({ provider, ownTokens, database, logger }: LogoutDeps): Router {
  const router = Router()
  const form = express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 10 })
  const end = async (given: unknown): Promise<{ readonly redirect?: string | undefined; readonly error?: string }> => {
    const parameters = parametersSchema.safeParse(given).data
    if (!parameters) return { error: 'id_token_hint is missing' }
    const { id_token_hint: idToken, client_id: clientId, post_logout_redirect_uri: uri, state } = parameters
    const hint = await ownTokens().readIdTokenHint(idToken)
    if (!hint || (clientId !== undefined && clientId !== hint.clientId)) return { error: 'id_token_hint is not valid' }
    if (uri !== undefined && !isLoggedOutPage(uri)) return { error: 'post_logout_redirect_uri is not registered' }
    const session = sessionBySid(database, hint.sid)
    if (session) await endSession(provider(), database, session, logger)
    return { redirect: uri && withState(uri, state) }
  }
  const answer = async (given: unknown, res: Response): Promise<void> => {
    const { redirect, error } = await end(given)
    res.set('Cache-Control', 'no-store')
    if (error !== undefined) res.status(400).type('html').send(errorPage(error))
    else if (redirect === undefined) res.type('html').send(signedOutPage())
    else res.redirect(302, redirect)
  }
  router.get('/', (req, res) => answer(req.query, res))
  router.post('/', form, (req, res) => answer(req.body, res))
  return router
}

/** RFC 8252, section 7.3: the port of a loopback redirect URI may differ; everything else must be equal, also where URLs mean the same. */
function isLoggedOutPage(uri: string): boolean {
  return (
    uri.replace(/^(http:\/\/127\.0\.0\.1):\d{1,5}(?=\/)/u, '$1') === `http://127.0.0.1${LOGGED_OUT_PATH}` &&
    URL.canParse(uri)
  )
}

function withState(uri: string, state: string | undefined): string {
  const url = new URL(uri)
  if (state !== undefined) url.searchParams.set('state', state)
  return url.href
}
