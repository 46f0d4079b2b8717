/**
 * Starts the auditor's server: creates its parts and listens.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, createCalls, reloadedFiles, secretLines } from '@mandate/pep/service'
import { parseVerifierKey } from '@mandate/protocol'
import { type ListenerBounds, once, prepareTls, type RunningService, serve } from '@mandate/service'
import { createApp } from './app.ts'
import type { AuditorConfig } from './config.ts'
import { createIdentity, type IdentityOptions } from './identity.ts'
import type { Logger } from './middleware.ts'
import { createPdps } from './pdps.ts'
import { createSessions } from './sessions.ts'
import { CONSOLE_PLACE, LOG_PLACE, type Place, prefixOf } from './sign-in.ts'
import { createSignInStates } from './sign-in-state.ts'

/** @throws ConfigError when there is no page to serve, or a pinned key is none. */
export async function startAuditor(
  config: AuditorConfig,
  logger: Logger,
  bounds: ListenerBounds = {},
): Promise<RunningService<AuditorConfig>> {
  const { pdpUrls, pageDir, logKeys, secondFactor, trustProxy, addressPerSecond, concurrent } = config
  await checkFiles(config)
  const publicUrl = config.publicUrl ?? `${config.tls ? 'https' : 'http'}://${config.host}:${config.port}`
  const calls = createCalls(config.clientTls, true)
  // Two of a kind: undici's own has the certificates, Node's built-in one the types.
  const fetch = calls.fetch as unknown as typeof globalThis.fetch
  const secrets = { page: config.clientSecret, console: config.console?.clientSecret ?? '' }
  const openPlace = (place: Place, client: Client, which: keyof typeof secrets) => {
    const identity = createIdentity({
      ...{ issuer: config.issuer, identityUrl: config.identityUrl, stepUpAcr: config.stepUpAcr, fetch },
      ...{ clientId: client.clientId, scope: client.scope, clientSecrets: () => secretLines(secrets[which]) },
      redirectUri: `${publicUrl}${prefixOf(place)}/callback`,
      signedOutUri: `${publicUrl}/logged-out`,
    })
    return { identity, sessions: createSessions(identity), pending: createSignInStates() }
  }
  const app = createApp({
    ...openPlace(LOG_PLACE, config, 'page'),
    console: config.console && openPlace(CONSOLE_PLACE, config.console, 'console'),
    publicUrl,
    pdps: createPdps(pdpUrls, fetch),
    secondFactor,
    logKeys,
    logger,
    pageDir,
    ...{ trustProxy, addressPerSecond, concurrent },
  })
  const listener = await serve(app, { ...config, ...bounds })
  return {
    url: listener.url,
    reload: {
      files: reloadedFiles('AUDITOR_', 'CONSOLE_CLIENT_SECRET'),
      filesAtStart: ['AUDITOR_LOG_PINS_FILE'],
      prepare: (next) => {
        const applyTls = prepareTls(config, next, [listener], 'AUDITOR_')
        return () => {
          applyTls()
          secrets.page = next.clientSecret
          secrets.console = next.console?.clientSecret ?? secrets.console
        }
      },
    },
    close: once(() => listener.close().finally(calls.close)),
  }
}

/** A client at the identity provider, and the scope that it asks for. */
type Client = Pick<IdentityOptions, 'clientId' | 'scope'>

async function checkFiles({ pageDir, logKeys }: AuditorConfig): Promise<void> {
  const objections: string[] = []
  if (!existsSync(join(pageDir, 'index.html')))
    objections.push('AUDITOR_PAGE_DIR: there is no page. Build it with: npm run build -w auditor')
  for (const key of logKeys) {
    await parseVerifierKey(key).catch(() => objections.push('AUDITOR_LOG_PINS: a verifier key does not hold together'))
  }
  if (objections.length > 0) throw new ConfigError(objections)
}
