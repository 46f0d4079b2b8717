/**
 * OpenFGA and Keycloak from a Docker engine, by the compose file at the root of the clone. Secrets and ports reach
 * compose through the environment of this one command; nothing is written for it.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LOOPBACK } from './net.ts'
import { type CommandOptions, runCommand, tryCommand } from './run-command.ts'
import type { Secrets } from './secrets.ts'
import { ROOT } from './service.ts'
import type { PortName } from './settings.ts'

const SERVERS = ['openfga', 'keycloak'] as const

export interface DockerOptions {
  readonly env: NodeJS.ProcessEnv
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

/** Brings both servers up and waits until they are healthy. Their data stays in compose's volumes. */
export async function dockerServers({ env, secrets, ports, signal }: DockerOptions): Promise<DockerServers> {
  const options: CommandOptions = {
    cwd: ROOT,
    env: {
      ...env,
      ...secrets.realm,
      OPENFGA_API_TOKEN: secrets.openFgaToken,
      OPENFGA_PORT: String(ports.openFga),
      KEYCLOAK_PORT: String(ports.keycloak),
      KEYCLOAK_ADMIN_USERNAME: 'admin',
      KEYCLOAK_ADMIN_PASSWORD: secrets.keycloakAdminPassword,
    },
  }
  await runCommand('docker', ['compose', 'up', '--detach', '--wait', ...SERVERS], {
    ...options,
    ...(signal && { signal }),
  })
  return {
    env: {
      OPENFGA_URL: `http://${LOOPBACK}:${ports.openFga}`,
      OPENFGA_API_TOKEN: secrets.openFgaToken,
      KEYCLOAK_URL: `http://${LOOPBACK}:${ports.keycloak}`,
      KEYCLOAK_ADMIN_USERNAME: 'admin',
      KEYCLOAK_ADMIN_PASSWORD: secrets.keycloakAdminPassword,
    },
    stop: async () => {
      await runCommand('docker', ['compose', 'stop', ...SERVERS], options)
    },
  }
}
