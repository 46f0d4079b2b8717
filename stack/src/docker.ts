/**
 * OpenFGA and Keycloak in Docker: `docker-compose.yml` with the override `deploy/compose.demo.yml`. Ports are passed to compose in its environment,
 * secrets as files that `deploy/make-secrets.sh` writes.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LOOPBACK } from './net.ts'
import { type CommandOptions, runCommand, tryCommand } from './run-command.ts'
import type { Secrets } from './secrets.ts'
import { ROOT } from './service.ts'

/** Compose files, relative to the root of the clone. */
export const COMPOSE_FILES = ['docker-compose.yml', 'deploy/compose.demo.yml'] as const
const SERVERS = ['openfga', 'keycloak'] as const
/** Keycloak's administrator in the compose file. */
const ADMIN = 'admin'

/** Options of {@link dockerServers}. */
export interface DockerOptions {
  readonly env: NodeJS.ProcessEnv
  /** State folder: gets a folder with the servers' secrets. The compose project's name is derived from its path, so that clones do not share one. */
  readonly stateDir: string
  readonly secrets: Secrets
  readonly ports: Readonly<Record<'keycloak' | 'openFga', number>>
  readonly signal?: AbortSignal
}

/** Running servers: environment variables with their addresses and credentials, and a function to stop them. */
export interface DockerServers {
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/**
 * Whether a Docker engine is running (an installed client is not enough), and there is a compose file.
 *
 * @param root - Folder of `docker-compose.yml`.
 */
export async function dockerAnswers(env: NodeJS.ProcessEnv, root = ROOT): Promise<boolean> {
  if (!existsSync(join(root, 'docker-compose.yml'))) return false
  const answers = await Promise.all([
    tryCommand('docker', ['info'], { env, timeoutMs: 5_000 }),
    tryCommand('docker', ['compose', 'version'], { env, timeoutMs: 5_000 }),
  ])
  return answers.every(({ ok }) => ok)
}

/**
 * Starts both servers with their databases and waits until they are healthy. Data is kept in volumes.
 *
 * @throws StartError with the last lines of the failed command.
 */
export async function dockerServers(options: DockerOptions): Promise<DockerServers> {
  const { env, stateDir, secrets, ports, signal } = options
  const folder = secretsFolder(stateDir)
  const given = {
    OPENFGA_API_TOKEN: secrets.openFgaToken,
    KEYCLOAK_ADMIN_PASSWORD: secrets.keycloakAdminPassword,
    ...secrets.realm,
  }
  const stoppable = { cwd: ROOT, ...(signal && { signal }) }
  await runCommand('sh', [join(ROOT, 'deploy/make-secrets.sh'), folder], { ...stoppable, env: { ...env, ...given } })
  const compose = composeOf(stateDir)
  const composeEnv = { ...env, ...variables(ports.openFga, ports.keycloak, folder) }
  await runCommand('docker', [...compose, 'up', '--detach', '--wait', ...SERVERS], { ...stoppable, env: composeEnv })
  return {
    env: {
      OPENFGA_URL: `http://${LOOPBACK}:${ports.openFga}`,
      OPENFGA_API_TOKEN: secrets.openFgaToken,
      KEYCLOAK_URL: `http://${LOOPBACK}:${ports.keycloak}`,
      KEYCLOAK_ADMIN_USERNAME: ADMIN,
      KEYCLOAK_ADMIN_PASSWORD: secrets.keycloakAdminPassword,
    },
    stop: async () => {
      await runCommand('docker', [...compose, 'stop'], { cwd: ROOT, env: composeEnv })
    },
  }
}

/** Removes containers and volumes of earlier runs: their databases contain secrets that a fresh start replaces. */
export async function forgetDocker(env: NodeJS.ProcessEnv, stateDir: string): Promise<void> {
  const options: CommandOptions = { cwd: ROOT, env: { ...env, ...variables(0, 0, secretsFolder(stateDir)) } }
  await runCommand('docker', [...composeOf(stateDir), 'down', '--volumes', '--remove-orphans'], options)
}

function secretsFolder(stateDir: string): string {
  return join(stateDir, 'docker-secrets')
}

/** Environment variables of the compose files that have no default, or another default than the demo needs. */
function variables(openFga: number, keycloak: number, secretsDir: string): Record<string, string> {
  return { OPENFGA_PORT: String(openFga), KEYCLOAK_PORT: String(keycloak), MANDATE_SECRETS_DIR: secretsDir }
}

function composeOf(stateDir: string): readonly string[] {
  const project = `mandate-demo-${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}`
  return ['compose', '--project-name', project, ...COMPOSE_FILES.flatMap((path) => ['--file', path])]
}
