/**
 * The issuer of a stack: Keycloak, or the embedded issuer, with the people of the demo.
 *
 * @module
 */
import { join } from 'node:path'
import { type Credentials, type KeycloakAdmin, provisionPeople } from '@mandate/keycloak'
import { type EmbeddedIssuer, provisionEmbeddedPeople, startEmbeddedIssuer } from './embedded-issuer.ts'
import { type Keycloak, startKeycloak } from './keycloak.ts'
import { listenHostOf } from './ports.ts'
import type { Progress } from './progress.ts'
import type { Secrets } from './secrets.ts'

/** `embedded` runs on Node alone, for demos and tests. */
export type IssuerKind = 'keycloak' | 'embedded'

/** A running issuer with its users, which several stacks can share. Serializable. */
export type Identity = Pick<Keycloak, 'issuer' | 'url' | 'clientSecrets'> & {
  readonly people: Readonly<Record<string, Credentials>>
  /** `undefined` for the embedded issuer, which is administered by its data folder. */
  readonly admin: KeycloakAdmin | undefined
}

/** The process of an issuer. */
export type IdentityServer = Omit<Keycloak, 'admin'> & {
  /** As people call it. */
  readonly name: string
  readonly logFile: string
}

/** Options of {@link startIdentity}. */
export interface IdentityOptions {
  readonly stateDir: string
  readonly secrets: Secrets
  readonly ports: { readonly keycloak: number; readonly pdp: number }
  readonly issuerKind?: IssuerKind
  /** See {@link startKeycloak}. */
  readonly templateDir?: string
  readonly progress: Progress
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

type Started = Identity & { readonly server: IdentityServer }

/** Starts the issuer and creates its people. @throws MissingToolError or StartError */
export function startIdentity(options: IdentityOptions): Promise<Started> {
  return options.issuerKind === 'embedded' ? startEmbedded(options) : startReal(options)
}

const logoutUrlOf = ({ ports }: IdentityOptions): string => `http://127.0.0.1:${ports.pdp}/backchannel-logout`

async function startEmbedded(options: IdentityOptions): Promise<Started> {
  const { stateDir, secrets, ports, progress, env, signal } = options
  const dataDir = join(stateDir, 'issuer')
  await progress.step('people', () => provisionEmbeddedPeople(dataDir, secrets.people))
  const [listenHost, logoutUrl] = [listenHostOf(env), logoutUrlOf(options)]
  const issuer: EmbeddedIssuer = await progress.step('embedded issuer', () =>
    startEmbeddedIssuer({ dataDir, secrets, listenHost, port: ports.keycloak, logoutUrl, signal }),
  )
  const server = { ...issuer, name: 'Embedded issuer', logFile: join(dataDir, 'issuer.log') }
  const { issuer: url, clientSecrets } = issuer
  return { issuer: url, url: issuer.url, clientSecrets, admin: undefined, people: secrets.people, server }
}

async function startReal(options: IdentityOptions): Promise<Started> {
  const { env, signal, stateDir, ports, secrets, progress, templateDir } = options
  const dataDir = join(stateDir, 'keycloak')
  const keycloak = await progress.step('Keycloak', (onRemark) =>
    startKeycloak({
      dataDir,
      ...(templateDir === undefined ? {} : { templateDir }),
      secrets,
      port: ports.keycloak,
      logoutUrl: logoutUrlOf(options),
      env,
      onRemark,
      signal,
    }),
  )
  const server = { ...keycloak, name: 'Keycloak', logFile: join(dataDir, 'keycloak.log') }
  // A login that cannot be created must not leave the server behind.
  await progress
    .step('people', () => provisionPeople(keycloak.admin, secrets.people))
    .catch(async (error: unknown) => {
      await keycloak.stop()
      throw error
    })
  const { issuer, url, admin, clientSecrets } = keycloak
  return { issuer, url, admin, clientSecrets, people: secrets.people, server }
}
