/**
 * Finds the Keycloak distribution: in the cache, unpacked at `KEYCLOAK_HOME`, or in a Maven repository. It is cached unpacked and built (`kc.sh build`),
 * which saves 20 s per start.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { cp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { cached, cacheFolder } from './cache.ts'
import { MissingToolError, StartError } from './errors.ts'
import type { FindOptions } from './fetch-piece.ts'
import { findJava, type Java } from './find-java.ts'
import { downloadFrom, mavenRepository } from './maven-repository.ts'
import { answers, runCommand } from './run-command.ts'
import { unpackArchive } from './unpack.ts'

/** The version that the tests run with. */
export const KEYCLOAK_VERSION = '26.7.3'

/** SHA-256 of `keycloak-quarkus-dist-26.7.3.zip` on Maven Central. */
const ZIP_SHA256 = '27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f'

/** Path and name of the distribution in a Maven repository. */
const ZIP_PATH = `org/keycloak/keycloak-quarkus-dist/${KEYCLOAK_VERSION}`
const ZIP = `keycloak-quarkus-dist-${KEYCLOAK_VERSION}.zip`

/** Options of `kc.sh build`. Disabled features make the start faster and reduce the attack surface. */
export const BUILD_FLAGS = [
  '--db=dev-file',
  '--cache=local',
  '--health-enabled=true',
  '--features-disabled=account,account-api,kerberos,organization,workflows,docker,ciba,impersonation',
] as const

/** A built distribution, ready for `start --optimized`, and the Java to run it. Treated as read-only. */
export interface KeycloakDistribution {
  readonly folder: string
  readonly java: Java
}

/** Finds or downloads the distribution. @throws MissingToolError without Java, or without a way to download it. */
export async function findKeycloak(options: FindOptions = {}): Promise<KeycloakDistribution> {
  const { env = process.env, onFetch } = options
  const java = await findJava(options)
  const flags = createHash('sha256').update(BUILD_FLAGS.join(' ')).digest('hex').slice(0, 12)
  const folder = await cached({
    folder: cacheFolder(env),
    key: `keycloak-${KEYCLOAK_VERSION}-${flags}`,
    fill: (aside) => fillDistribution(aside, java, options),
    onWait: () => onFetch?.('waiting for another run that is fetching Keycloak'),
  })
  return { folder, java }
}

/** Environment for Keycloak's scripts to find this Java. */
export function javaEnv({ home }: Java): Record<string, string> {
  return home === undefined ? {} : { JAVA_HOME: home }
}

async function fillDistribution(folder: string, java: Java, options: FindOptions): Promise<void> {
  const { env = process.env, onFetch, signal } = options
  const unpacked = env['KEYCLOAK_HOME']
  if (unpacked) await copyUnpacked(unpacked, folder)
  if (!unpacked) await download(folder, java, options)
  onFetch?.(`building Keycloak ${KEYCLOAK_VERSION} for a fast start (about half a minute, once)`)
  await runCommand('sh', [join(folder, 'bin', 'kc.sh'), 'build', ...BUILD_FLAGS], {
    env: { ...env, ...javaEnv(java) },
    ...(signal && { signal }),
  })
}

async function copyUnpacked(source: string, folder: string): Promise<void> {
  const version = await readFile(join(source, 'version.txt'), 'utf8').catch(() => 'no version.txt')
  if (!version.includes(KEYCLOAK_VERSION)) {
    throw new StartError(`KEYCLOAK_HOME must hold Keycloak ${KEYCLOAK_VERSION}; found: ${version.trim()}`)
  }
  const skip = join(source, 'data')
  await cp(source, folder, { recursive: true, filter: (path) => path !== skip })
}

async function download(folder: string, java: Java, options: FindOptions): Promise<void> {
  const { env = process.env } = options
  const repository = await mavenRepository(env)
  const zip = join(folder, ZIP)
  if (await answers('mvn', '--version', env)) await downloadWithMaven(folder, java, options)
  else if (repository !== undefined) await downloadFrom({ repository, path: `${ZIP_PATH}/${ZIP}`, file: zip }, options)
  else throw withoutMaven()
  await verify(zip)
  await unpackArchive(zip, folder, env)
  await rm(zip)
  await flatten(join(folder, `keycloak-${KEYCLOAK_VERSION}`), folder)
}

function withoutMaven(): MissingToolError {
  return new MissingToolError(
    `Keycloak ${KEYCLOAK_VERSION} is not installed, and no package of npm or pip has it. Either:\n` +
      '  - install Maven to download it (Debian: sudo apt-get install maven; macOS: brew install maven), or\n' +
      '  - set MANDATE_MAVEN_URL to the URL of a Maven repository that has it, or\n' +
      `  - unpack Keycloak ${KEYCLOAK_VERSION} and set KEYCLOAK_HOME to its folder, or\n` +
      '  - start a Docker engine, or\n' +
      '  - point KEYCLOAK_URL, KEYCLOAK_ADMIN_USERNAME and KEYCLOAK_ADMIN_PASSWORD at a running server',
    { tool: 'Keycloak' },
  )
}

async function downloadWithMaven(
  folder: string,
  java: Java,
  { env = process.env, onFetch, signal }: FindOptions,
): Promise<void> {
  onFetch?.(`fetching Keycloak ${KEYCLOAK_VERSION} with Maven (177 MB, once)`)
  const artifact = `org.keycloak:keycloak-quarkus-dist:${KEYCLOAK_VERSION}:zip`
  const goal = ['dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`]
  await runCommand('mvn', ['--batch-mode', '--quiet', '--strict-checksums', ...goal], {
    env: { ...env, ...javaEnv(java) },
    cwd: folder,
    ...(signal && { signal }),
  })
}

async function verify(zip: string): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(zip), hash)
  if (hash.digest('hex') !== ZIP_SHA256) throw new StartError(`the checksum of ${zip} is not the one pinned here`)
}

async function flatten(inner: string, folder: string): Promise<void> {
  for (const name of ['bin', 'conf', 'lib', 'providers', 'themes', 'version.txt']) {
    await rename(join(inner, name), join(folder, name))
  }
  await rm(inner, { recursive: true })
}
