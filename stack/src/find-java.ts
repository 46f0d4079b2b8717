/**
 * Finds a Java that Keycloak runs on: installed, or fetched into the cache.
 *
 * @module
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { MissingToolError } from './errors.ts'
import { type FindOptions, fetchTool, toolSources } from './fetch-piece.ts'
import { tryCommand } from './run-command.ts'

/** Minimum version, by Keycloak's class files. */
const OLDEST = 17

/** Feature release of the fetched one. */
const FETCHED = 25

/** An installed Java. `home`: its folder, or `undefined` for the `java` on PATH. */
export interface Java {
  readonly home: string | undefined
  /** The feature release: 17, 21, 25. */
  readonly version: number
}

/**
 * Prefers `JAVA_HOME`, if it is new enough; else the newest of PATH and `/usr/lib/jvm`, since newer versions start faster; else the fetched one.
 *
 * @throws MissingToolError when there is none.
 */
export async function findJava(options: FindOptions = {}): Promise<Java> {
  const { env = process.env } = options
  const installed = toolSources(env).installed ? await installedJava(env) : undefined
  return installed ?? (await fetchedJava(options))
}

async function installedJava(env: NodeJS.ProcessEnv): Promise<Java | undefined> {
  const chosen = env['JAVA_HOME'] ? await probe(env['JAVA_HOME'], env) : undefined
  if (chosen) return chosen
  const homes = [undefined, ...installedHomes()]
  const found = (await Promise.all(homes.map((home) => probe(home, env)))).filter((java) => java !== undefined)
  return found.toSorted((a, b) => b.version - a.version)[0]
}

async function fetchedJava(options: FindOptions): Promise<Java> {
  try {
    const { folder } = await fetchTool('java', options)
    return { home: folder, version: FETCHED }
  } catch (error) {
    throw error instanceof MissingToolError ? explained(error) : error
  }
}

function explained(cause: MissingToolError): MissingToolError {
  return new MissingToolError(
    `Keycloak needs Java ${OLDEST} or newer. ${cause.message}\nEither:\n` +
      '  - install it (Debian: sudo apt-get install openjdk-17-jre-headless; macOS: brew install openjdk), or\n' +
      '  - start a Docker engine, or\n' +
      '  - point KEYCLOAK_URL, KEYCLOAK_ADMIN_USERNAME and KEYCLOAK_ADMIN_PASSWORD at a running server',
    { cause, tool: 'Java' },
  )
}

/** Parses the feature release from the output of `java -version`: `1.8.0` is 8. `undefined` when there is none. */
export function javaVersion(output: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(output) ?? []
  if (first === undefined) return undefined
  return Number(first === '1' ? second : first)
}

async function probe(home: string | undefined, env: NodeJS.ProcessEnv): Promise<Java | undefined> {
  const command = home === undefined ? 'java' : join(home, 'bin', 'java')
  const { ok, output } = await tryCommand(command, ['-version'], { env, timeoutMs: 20_000 })
  const version = ok ? javaVersion(output) : undefined
  return version !== undefined && version >= OLDEST ? { home, version } : undefined
}

function installedHomes(): string[] {
  const root = '/usr/lib/jvm'
  if (!existsSync(root)) return []
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders.map((entry) => join(root, entry.name)).filter((home) => existsSync(join(home, 'bin', 'java')))
}
