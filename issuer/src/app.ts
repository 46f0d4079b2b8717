/**
 * The issuer as an Express app: our pages and endpoints, and `oidc-provider` for the rest.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { answerProblems, logRequests, prepareApp } from '@mandate/service'
import express, { type Express, type RequestHandler } from 'express'
import type { Logger } from 'pino'
import { addedServices } from './added-services.ts'
import { guardUserCodes, WrongCodes } from './device.ts'
import { newestKey } from './keys.ts'
import { logoutRoutes } from './logout.ts'
import { ownFormsOnly, ownHostOnly } from './own-origin.ts'
import { STYLE, STYLE_PATH } from './pages.ts'
import { People } from './people.ts'
import { createProvider, type RealmProvider } from './provider.ts'
import { PATHS, REALM_PATH } from './realm.ts'
import { signInRoutes } from './sign-in.ts'
import { userinfoRoute } from './userinfo.ts'

/**
 * No scripts, but the one of `oidc-provider` that sends the form of `response_mode=form_post`: it adds that one's hash to `script-src`. Browsers apply `form-action` to redirects after a form, too: native apps have their callback on loopback.
 */
const CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'none'"],
  styleSrc: ["'self'"],
  formAction: ["'self'", 'http://127.0.0.1:*'],
  frameAncestors: ["'none'"],
  baseUri: ["'none'"],
}

export interface AppDeps {
  /** `<base>/realms/mandate`. */
  readonly issuer: string
  readonly database: DatabaseSync
  readonly logger: Logger
}

export function createApp({ issuer, database, logger }: AppDeps): Express {
  const app = prepareApp(express(), {
    headers: { contentSecurityPolicy: CONTENT_SECURITY_POLICY, hsts: false },
    log: logRequests({ logger }),
    check: () => undefined,
  })
  const wrongCodes = new WrongCodes()
  const current = currentProvider({ issuer, database, logger }, wrongCodes)
  const provider = () => current().provider
  const ownTokens = () => current().ownTokens
  const people = new People(database)
  const realm = express.Router()
  realm.use(ownHostOnly(issuer))
  realm.get(STYLE_PATH, (_req, res) => {
    res.type('css').send(STYLE)
  })
  realm.use(PATHS.device, ownFormsOnly, guardUserCodes(issuer, wrongCodes))
  realm.use(PATHS.signIn, signInRoutes({ issuer, provider, database, people, logger }))
  realm.use(PATHS.logout, logoutRoutes({ provider, ownTokens, database, logger }))
  const userinfo = userinfoRoute({ issuer, ownTokens, people })
  realm.get(PATHS.userinfo, userinfo)
  realm.post(PATHS.userinfo, userinfo)
  realm.use(((req, res, next) => {
    provider().callback()(req, res).catch(next)
  }) satisfies RequestHandler)
  app.use(REALM_PATH, realm)
  app.use(answerProblems({ logger }))
  return app
}

/** The provider with the newest key and all services: created again when one was added, also by another process. */
function currentProvider({ issuer, database, logger }: AppDeps, wrongCodes: WrongCodes): () => RealmProvider {
  const create = (): RealmProvider & { readonly state: string } => {
    const state = stateOf(database)
    const made = createProvider(issuer, database, wrongCodes)
    // oidc-provider answers such an error by itself, and logs nothing.
    made.provider.on('server_error', (_ctx, err) => logger.error({ err }, 'oidc-provider failed'))
    return { ...made, state }
  }
  let current = create()
  return () => {
    if (stateOf(database) !== current.state) current = create()
    return current
  }
}

/** Changes with what a provider is created from. */
function stateOf(database: DatabaseSync): string {
  return JSON.stringify([newestKey(database), addedServices(database)])
}
