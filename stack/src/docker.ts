/**
 * OpenFGA and Keycloak from a Docker engine, by the compose file at the root of the clone with `deploy/compose.demo.yml` over it. Ports
 * reach compose through the environment of its command, secrets through a folder of files that `deploy/make-secrets.sh` fills.
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
import type { PortName } from './settings.ts'

/** What compose is given, relative to the root of the clone. */
export const COMPOSE_FILES = ['docker-compose.yml', 'deploy/compose.demo.yml'] as const
const SERVERS = ['openfga', 'keycloak'] as const
/** The administrator that the compose file names. */
const ADMIN = 'admin'

export interface DockerOptions {
  readonly env: NodeJS.ProcessEnv
  /** The secrets of the servers go into a folder of it; its path names the compose project, so that clones share nothing. */
  readonly stateDir: string
  readonly secrets: Secrets
  readonly ports: Readonly<Record<PortName, number>>
  readonly signal?: AbortSignal
}

/** Servers that compose brought up: the variables that name them, and how to stop them. */
export interface DockerServers {
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/**
 * Whether an engine answers here, and there is a compose file to give it. A client alone is not an engine.
 *
 * @param root - Where `docker-compose.yml` would be.
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
 * Brings both servers up, with what they need, and waits until they are healthy. Their data stays in volumes.
 *
 * @throws StartError with the last lines of what failed.
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

/** Removes containers and volumes of earlier runs: their databases hold secrets that a fresh start no longer has. */
export async function forgetDocker(env: NodeJS.ProcessEnv, stateDir: string): Promise<void> {
  const options: CommandOptions = { cwd: ROOT, env: { ...env, ...variables(0, 0, secretsFolder(stateDir)) } }
  await runCommand('docker', [...composeOf(stateDir), 'down', '--volumes', '--remove-orphans'], options)
}

function secretsFolder(stateDir: string): string {
  return join(stateDir, 'docker-secrets')
}

/** Everything that the compose files take from the environment and that has no default, or not the one we need. */
function variables(openFga: number, keycloak: number, secretsDir: string): Record<string, string> {
  return { OPENFGA_PORT: String(openFga), KEYCLOAK_PORT: String(keycloak), MANDATE_SECRETS_DIR: secretsDir }
}

function composeOf(stateDir: string): readonly string[] {
  const project = `mandate-demo-${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}`
  return ['compose', '--project-name', project, ...COMPOSE_FILES.flatMap((path) => ['--file', path])]
}
