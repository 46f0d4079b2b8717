/**
 * Vitest global set-up of `e2e` and `realm`: one real Keycloak with the people of the story, shared by every file, because it takes
 * a quarter of a minute to start. Everything else is quick, so each file brings up its own OpenFGA and services with
 * `startTestStack`, and holds their real handles: handles do not cross from this process into the tests' workers.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { adminSession, type KeycloakAdmin, provisionPeople } from '@mandate/keycloak'
import { createProgress, type Identity, loadSecrets, startKeycloak } from '@mandate/stack'
import type { TestProject } from 'vitest/node'
import { z } from 'zod'
import { LOGOUT_URL } from '../support/logout-port.ts'
import { NOWHERE, startOrExplain } from './without-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** `inject('identity')`: the shared Keycloak and its people. Take care not to lock them out. */
    readonly identity: Identity
  }
}

/** Kept between runs: an imported realm nobody has signed in to yet, and the secrets that are baked into it. */
const KEPT = fileURLToPath(new URL('../../.mandate/test', import.meta.url))

export default function setup(project: TestProject): Promise<() => Promise<void>> {
  return startOrExplain(project, {
    start: () => start(project),
    provideNothing: () => project.provide('identity', NOBODY),
  })
}

/** The identity without a Keycloak, for files that read it before they start anything. */
const NOBODY: Identity = {
  issuer: `${NOWHERE}/realms/mandate`,
  url: NOWHERE,
  clientSecrets: { pdp: '', auditor: '', console: '', trips: '', care: '', 'booking-agent': '' },
  admin: { url: NOWHERE, username: '', password: '' },
  people: {},
}

async function start(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'mandate-e2e-'))
  const secrets = loadSecrets(KEPT)
  const { step } = createProgress(process.stdout)
  const keycloak = await step('Keycloak', (onRemark) =>
    startKeycloak({
      dataDir,
      templateDir: join(KEPT, 'template'),
      secrets,
      logoutUrl: LOGOUT_URL,
      onRemark,
      env: withoutKeycloak(),
    }),
  )
  await step('people', () => provisionPeople(keycloak.admin, secrets.people))
  const { issuer, url, admin, clientSecrets } = keycloak
  if (project.name === 'e2e') await letPeopleBeInTwoPlaces(admin)
  project.provide('identity', { issuer, url, admin, clientSecrets, people: secrets.people })
  return async () => {
    await keycloak.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/**
 * Files of `e2e` run side by side and sign in the same staff at the same moment: a one-time code is good for two of them then, and who guards
 * against guessing takes neither for an attack. `realm` has the realm as it is shipped.
 */
async function letPeopleBeInTwoPlaces(admin: KeycloakAdmin): Promise<void> {
  const call = await adminSession(admin)
  // Whole: of a part, Keycloak takes nothing about codes.
  const realm = z.looseObject({ otpPolicyCodeReusable: z.boolean() }).parse(await call('GET', '/realms/mandate'))
  await call('PUT', '/realms/mandate', { ...realm, otpPolicyCodeReusable: true, bruteForceProtected: false })
}

/** Tests create and crash things: never on a server that somebody else runs. */
function withoutKeycloak(): NodeJS.ProcessEnv {
  const { KEYCLOAK_URL: _url, ...rest } = process.env
  return rest
}
