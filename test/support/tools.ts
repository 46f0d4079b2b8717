/**
 * The programs that tests need besides Node: finds them or fetches them, side by side, before the first stage of `npm test`.
 *
 * @module
 */
import { delimiter, dirname } from 'node:path'
import {
  type FindOptions,
  fetchTool,
  findGo,
  findKeycloak,
  findOpenFga,
  findPostgres,
  MissingToolError,
  tryCommand,
} from '@mandate/stack'
import { findHelm, findKubeconform } from './kubernetes-tools.ts'
import { MISSING_TOOLS } from './missing-tool.ts'
import { findChromium } from './system-browser.ts'

/** A program that tests need. */
export interface Tool {
  /** Name in {@link MissingToolError.tool}. */
  readonly name: string
  /** @returns The command to run it, if tests run it by name. @throws MissingToolError when this machine cannot have it. */
  readonly find: (options: FindOptions) => Promise<string | undefined>
}

const nothing = (): undefined => undefined

/** Keycloak includes Java, and OpenFGA includes Go unless it is built already. */
export const TOOLS: readonly Tool[] = [
  { name: 'OpenFGA', find: (options) => findOpenFga(options).then(nothing) },
  { name: 'Keycloak', find: (options) => findKeycloak(options).then(nothing) },
  { name: 'PostgreSQL', find: (options) => findPostgres(options).then(nothing) },
  { name: 'Chromium', find: (options) => findChromium(options).then(nothing) },
  { name: 'Go', find: findGo },
  // Not on PATH: only the stage `unit (Node 22)` and the tests of the packages run on it.
  { name: 'Node 22', find: (options) => fetchTool('node22', options).then(nothing) },
  // Not on PATH either: tests of the Helm chart find them themselves.
  { name: 'Helm', find: (options) => findHelm(options).then(nothing) },
  { name: 'kubeconform', find: (options) => findKubeconform(options).then(nothing) },
  { name: 'Kubernetes schemas', find: (options) => fetchTool('kubernetesSchemas', options).then(nothing) },
  // The tutorial asks a service with it.
  { name: 'curl', find: installed('curl', ['--version'], 'curl') },
  { name: 'openssl', find: installed('openssl', ['version'], 'openssl') },
  // Of Prometheus: checks and tests the alert rules.
  { name: 'promtool', find: installed('promtool', ['--version'], 'prometheus') },
  { name: 'psql', find: installed('psql', ['--version'], 'postgresql-client') },
  { name: 'python3', find: installed('python3', ['-c', 'import ensurepip, venv'], 'python3 python3-venv') },
]

/** A program that is only taken where it is installed. */
function installed(name: string, args: readonly string[], packages: string): Tool['find'] {
  return async ({ env = process.env }) => {
    const { ok } = await tryCommand(name, args, { env, timeoutMs: 20_000 })
    if (!ok) {
      throw new MissingToolError(`${name} is not installed. Debian: sudo apt-get install ${packages}`, { tool: name })
    }
    return undefined
  }
}

/** What this machine has. */
export interface Prepared {
  /** Variables for the processes of the tests: PATH with what was fetched, and the names of what is missing. */
  readonly env: Readonly<Record<string, string>>
  /** Reasons by name of the program. Tests that need it are skipped. */
  readonly missing: ReadonlyMap<string, string>
  /** Set-ups that failed for another reason than a missing program: a checksum, a build. */
  readonly failed: readonly string[]
}

/**
 * Finds all tools, side by side. Never throws.
 *
 * @param report - Receives lines about downloads and builds.
 */
export async function prepareTools(
  report: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
  tools: readonly Tool[] = TOOLS,
): Promise<Prepared> {
  const missing = new Map<string, string>()
  const failed: string[] = []
  const folders: string[] = []
  const prepare = async ({ name, find }: Tool): Promise<void> => {
    try {
      const command = await find({ env, onFetch: (what) => report(`${name}: ${what}`) })
      if (command !== undefined && command !== name.toLowerCase()) folders.push(dirname(command))
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (error instanceof MissingToolError) missing.set(error.tool ?? name, message)
      else failed.push(`set-up of ${name}: ${message}`)
    }
  }
  await Promise.all(tools.map(prepare))
  const path = [...folders, env['PATH'] ?? ''].join(delimiter)
  return { env: { PATH: path, [MISSING_TOOLS]: JSON.stringify([...missing.keys()]) }, missing, failed }
}
