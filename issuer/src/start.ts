/**
 * Starts the embedded issuer: opens its database and listens.
 *
 * @module
 */
import { type Listener, once, serve } from '@mandate/service'
import type { Logger } from 'pino'
import { sweep } from './adapter.ts'
import { createApp } from './app.ts'
import type { IssuerConfig } from './config.ts'
import { openDatabase } from './database.ts'
import { DIFFERENCES } from './differences.ts'
import { issuerAt } from './issuer-url.ts'

const SWEEP_MS = 600_000

export async function startIssuer({ host, port, dataDir }: IssuerConfig, logger: Logger): Promise<Listener> {
  const database = openDatabase(dataDir)
  sweep(database)
  const app = createApp({ issuer: issuerAt(port), database, logger })
  const { url, close } = await serve(app, { host, port })
  logger.info({ differences: Object.values(DIFFERENCES) }, 'stands in for Keycloak, for demos and tests')
  const sweeping = setInterval(() => sweep(database), SWEEP_MS)
  sweeping.unref()
  return {
    url,
    close: once(async () => {
      clearInterval(sweeping)
      await close()
      database.close()
    }),
  }
}
