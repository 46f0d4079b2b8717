/**
 * Starts the embedded issuer as a process of its own: the realm's contract on Node alone, in place of Keycloak.
 *
 * @module
 */
import { join } from 'node:path'
import { issuerAt, openIssuerAdmin } from '@mandate/issuer'
import { type Credentials, type PdpRole, PEOPLE } from '@mandate/keycloak'
import type { Keycloak } from './keycloak.ts'
import { freePort, LOOPBACK } from './net.ts'
import { clientSecretsOf, type Secrets } from './secrets.ts'
import { spawnService } from './service.ts'

/** Options of {@link startEmbeddedIssuer}. */
export interface EmbeddedIssuerOptions {
  /** Folder of its database: keys, clients, people and sessions, which outlive a restart. */
  readonly dataDir: string
  readonly secrets: Pick<Secrets, 'realm'>
  /** Address to listen on. @default loopback */
  readonly listenHost?: string
  /** HTTP port. Part of the issuer URL, and so of every token and every stored identity. @default a free port */
  readonly port?: number
  /** The PDP's back-channel logout endpoint. @default on the PDP's default port */
  readonly logoutUrl?: string
  /** @default 'info' */
  readonly logLevel?: string
  readonly signal?: AbortSignal
}

/** A running embedded issuer. It is administered by its data folder: see `openIssuerAdmin`. */
export interface EmbeddedIssuer extends Omit<Keycloak, 'admin'> {
  readonly dataDir: string
}

/** Starts it. @throws {@link StartError} with the end of its log when it does not start. */
export async function startEmbeddedIssuer(options: EmbeddedIssuerOptions): Promise<EmbeddedIssuer> {
  const { dataDir, secrets, logoutUrl = `http://${LOOPBACK}:8181/backchannel-logout`, logLevel = 'info' } = options
  const { listenHost = LOOPBACK } = options
  const port = options.port ?? (await freePort())
  const url = `http://${LOOPBACK}:${port}`
  const clientSecrets = clientSecretsOf(secrets.realm)
  const admin = openIssuerAdmin(dataDir)
  admin.setUpClients({ secrets: clientSecrets, logoutUrl })
  admin.close()
  const service = await spawnService({
    name: 'issuer',
    entry: 'issuer/src/main.ts',
    env: { ISSUER_HOST: listenHost, ISSUER_PORT: String(port), ISSUER_DATA_DIR: dataDir, LOG_LEVEL: logLevel },
    readyUrl: `${url}/readyz`,
    logFile: join(dataDir, 'issuer.log'),
    ...(options.signal && { signal: options.signal }),
  })
  const { pid, ended, stop, kill, restart } = service
  return { dataDir, url, issuer: issuerAt(port), clientSecrets, pid, ended, stop, kill, restart }
}

/** Creates missing logins with the roles of the demo's people, as `provisionPeople` does in Keycloak. */
export async function provisionEmbeddedPeople(
  dataDir: string,
  people: Readonly<Record<string, Credentials>>,
): Promise<void> {
  const admin = openIssuerAdmin(dataDir)
  try {
    for (const person of Object.values(people)) {
      const role = new Map<string, PdpRole | undefined>(Object.entries(PEOPLE)).get(person.username)
      await admin.addPerson(person, role === undefined ? [] : [role])
    }
  } finally {
    admin.close()
  }
}
