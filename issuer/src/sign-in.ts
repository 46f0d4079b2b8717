/**
 * The sign-in: password, then a one-time code where it is due. Whose password was right is kept in the database until the code is right.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import express, { type Request, type Response, Router } from 'express'
import type { Provider } from 'oidc-provider'
import { z } from 'zod'
import { SqliteAdapter } from './adapter.ts'
import { ownFormsOnly } from './own-origin.ts'
import { type AskingHost, authenticatorPage, codePage, errorPage, passwordPage } from './pages.ts'
import { authenticatorUri, newSecret, type People, type Person, stepOf } from './people.ts'
import { ACR, asksForCode } from './policy.ts'
import { clientOf, LIFETIMES, PATHS } from './realm.ts'
import { endSession, type LogoutLogger, sessionByUid } from './sessions.ts'

export interface SignInDeps {
  readonly issuer: string
  readonly provider: () => Provider
  readonly database: DatabaseSync
  readonly people: People
  readonly logger: LogoutLogger
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

/** Longest form field, in characters. */
const MAX_FIELD = 256
const text = z.string().max(MAX_FIELD)
const passwordForm = z.object({ username: text, password: text })
const codeForm = z.object({ otp: text })
const requestSchema = z.object({
  client_id: z.string(),
  redirect_uri: z.string().default(''),
  scope: z.string().default(''),
})
const passedSchema = z.object({ sub: z.string(), secret: z.string().optional() })
/** A person who typed the right password; `secret` is that of an authenticator being set up. */
type Passed = z.output<typeof passedSchema>

/** The same message for an unknown login, a wrong password and a locked login. */
const REFUSED = { password: 'Invalid login name or password.', code: 'Invalid code.' } as const

/** Routes below `…/sign-in`. */
export function signInRoutes(deps: SignInDeps): Router {
  const router = Router()
  const form = express.urlencoded({ extended: false, limit: '4kb', parameterLimit: 10 })
  router.use(ownFormsOnly)
  router.get('/:uid', async (req, res) => {
    await show(deps, req, res)
  })
  router.post('/:uid/password', form, async (req, res) => {
    await takePassword(deps, req, res)
  })
  router.post('/:uid/code', form, async (req, res) => {
    await takeCode(deps, req, res)
  })
  return router
}

async function interactionOf({ provider }: SignInDeps, req: Request, res: Response): Promise<Interaction | undefined> {
  const interaction = await provider()
    .interactionDetails(req, res)
    .catch(() => undefined)
  if (interaction !== undefined && interaction.uid === req.params['uid']) return interaction
  res.status(400).type('html').send(errorPage('This sign-in has expired.'))
  return undefined
}

async function show(deps: SignInDeps, req: Request, res: Response): Promise<void> {
  const interaction = await interactionOf(deps, req, res)
  if (!interaction) return
  const { reasons } = interaction.prompt
  const signedIn = interaction.session && deps.people.bySub(interaction.session.accountId)
  // The session is by password already: only the code is missing.
  if (signedIn && reasons.every((reason) => reason === 'one_time_code')) {
    await askForCode(deps, interaction, signedIn, res)
    return
  }
  sendPage(res, passwordPage({ action: actionOf(deps, interaction, 'password'), host: hostOf(interaction) }))
}

async function takePassword(deps: SignInDeps, req: Request, res: Response): Promise<void> {
  const interaction = await interactionOf(deps, req, res)
  if (!interaction) return
  const { username, password } = passwordForm.safeParse(req.body).data ?? { username: '', password: '' }
  const person = await deps.people.checkPassword(username, password)
  if (!person) {
    const action = actionOf(deps, interaction, 'password')
    sendPage(res, passwordPage({ action, error: REFUSED.password, username, host: hostOf(interaction) }))
    return
  }
  const isCodeDue =
    asksForCode(interaction.params['acr_values']) || person.roles.length > 0 || person.totpSecret !== undefined
  if (isCodeDue) await askForCode(deps, interaction, person, res)
  else await finish(deps, interaction, person.sub, ['pwd'], req, res)
}

async function askForCode(
  deps: SignInDeps,
  interaction: Interaction,
  { sub, username, totpSecret }: Person,
  res: Response,
): Promise<void> {
  const action = actionOf(deps, interaction, 'code')
  if (totpSecret !== undefined) {
    await keepPassed(deps, interaction, { sub })
    sendPage(res, codePage({ action, host: hostOf(interaction) }))
    return
  }
  // A page that is loaded again has the key that an authenticator app has by now.
  const before = await passedOf(deps, interaction)
  const secret = (before?.sub === sub ? before.secret : undefined) ?? newSecret()
  await keepPassed(deps, interaction, { sub, secret })
  sendPage(res, authenticatorPage({ action, secret, uri: authenticatorUri(username, secret) }))
}

async function takeCode(deps: SignInDeps, req: Request, res: Response): Promise<void> {
  const interaction = await interactionOf(deps, req, res)
  if (!interaction) return
  const passed = await passedOf(deps, interaction)
  if (!passed) {
    sendPage(res, passwordPage({ action: actionOf(deps, interaction, 'password'), host: hostOf(interaction) }))
    return
  }
  const { otp } = codeForm.safeParse(req.body).data ?? { otp: '' }
  if (passed.secret !== undefined && stepOf(passed.secret, otp) !== undefined)
    deps.people.setTotpSecret(passed.sub, passed.secret)
  if (deps.people.checkCode(passed.sub, otp)) {
    await passedStore(deps.database).destroy(interaction.uid)
    await finish(deps, interaction, passed.sub, ['pwd', 'otp'], req, res)
    return
  }
  const page = { action: actionOf(deps, interaction, 'code'), error: REFUSED.code }
  const { secret } = passed
  if (secret === undefined) sendPage(res, codePage({ ...page, host: hostOf(interaction) }))
  else {
    const uri = authenticatorUri(deps.people.bySub(passed.sub)?.username ?? '', secret)
    sendPage(res, authenticatorPage({ ...page, secret, uri }))
  }
}

/** Signs the person in. A session of another person in this browser ends first. */
async function finish(
  { provider, database, logger }: SignInDeps,
  interaction: Interaction,
  sub: string,
  amr: string[],
  req: Request,
  res: Response,
): Promise<void> {
  const before = interaction.session && sessionByUid(database, interaction.session.uid)
  if (before && before.accountId !== sub) await endSession(provider(), database, before, logger)
  const acr = amr.includes('otp') ? ACR.code : ACR.password
  const login = { accountId: sub, amr, acr, remember: false }
  await provider().interactionFinished(req, res, { login }, { mergeWithLastSubmission: false })
}

async function passedOf({ database }: SignInDeps, { uid }: Interaction): Promise<Passed | undefined> {
  return passedSchema.safeParse(await passedStore(database).find(uid)).data
}

function keepPassed({ database }: SignInDeps, { uid }: Interaction, passed: Passed): Promise<void> {
  return passedStore(database).upsert(uid, passed, LIFETIMES.signIn)
}

function passedStore(database: DatabaseSync): SqliteAdapter {
  return new SqliteAdapter(database, 'PasswordPassed')
}

/** The client, if it is no app of the realm. */
function hostOf({ params }: Interaction): AskingHost | undefined {
  const { client_id: clientId, redirect_uri: redirectUri, scope } = requestSchema.parse(params)
  if (clientOf(clientId)) return undefined
  const services = scope.split(' ').filter((name) => name !== '' && name !== 'openid')
  return { clientId, returnsTo: URL.parse(redirectUri)?.host ?? redirectUri, services }
}

function actionOf({ issuer }: SignInDeps, { uid }: Interaction, form: 'password' | 'code'): string {
  return `${issuer}${PATHS.signIn}/${uid}/${form}`
}

function sendPage(res: Response, html: string): void {
  res.set('Cache-Control', 'no-store').type('html').send(html)
}
