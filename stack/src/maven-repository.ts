/**
 * Downloads an artifact from a Maven repository without Maven. The repository must be configured: this project names none.
 *
 * @module
 */
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { MissingToolError } from './errors.ts'
import type { FindOptions } from './fetch-piece.ts'
import { reportSize } from './fetch-progress.ts'

/**
 * Base URL of the repository: `MANDATE_MAVEN_URL`, else the mirror of Maven Central in `~/.m2/settings.xml`.
 *
 * @returns `undefined` when neither is set.
 */
export async function mavenRepository(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (env['MANDATE_MAVEN_URL']) return env['MANDATE_MAVEN_URL']
  const settings = join(env['HOME'] || homedir(), '.m2', 'settings.xml')
  return mirrorOfCentral(await readFile(settings, 'utf8').catch(() => ''))
}

/** URL of the first mirror that stands for `central`. Exclusions (`*,!internal`) do not concern it. */
export function mirrorOfCentral(settings: string): string | undefined {
  const text = settings.replaceAll(/<!--.*?-->/gsu, '')
  for (const [, mirror = ''] of text.matchAll(/<mirror>(.*?)<\/mirror>/gsu)) {
    const names = element(mirror, 'mirrorOf')
      ?.split(',')
      .map((name) => name.trim())
    const stands = names?.some((name) => ['*', 'external:*', 'central'].includes(name)) && !names.includes('!central')
    if (stands) return element(mirror, 'url')
  }
  return undefined
}

function element(text: string, name: string): string | undefined {
  const tag = RegExp.escape(name)
  return new RegExp(`<${tag}>\\s*([^<]*?)\\s*</${tag}>`, 'u').exec(text)?.[1]
}

/** An artifact of a repository. */
export interface Artifact {
  /** Base URL. */
  readonly repository: string
  /** Path under it. */
  readonly path: string
  /** File to write. */
  readonly file: string
}

/** Downloads an artifact. Its checksum is the caller's to verify. @throws MissingToolError when the repository does not give it. */
export async function downloadFrom(
  { repository, path, file }: Artifact,
  { onFetch, signal }: FindOptions = {},
): Promise<void> {
  onFetch?.(`fetching ${path} from the configured Maven repository (once)`)
  try {
    const response = await fetch(`${repository.replace(/\/$/u, '')}/${path}`, { ...(signal && { signal }) })
    if (!response.ok || response.body === null) throw new TypeError(`HTTP status ${response.status}`)
    const total = Number(response.headers.get('content-length') ?? 0)
    const stop = total > 0 ? reportSize({ folder: dirname(file), total, report: (text) => onFetch?.(text) }) : undefined
    await pipeline(Readable.fromWeb(response.body), createWriteStream(file)).finally(stop)
  } catch (cause) {
    signal?.throwIfAborted()
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MissingToolError(`Keycloak is not installed, and ${path} was not downloaded: ${why}`, {
      cause,
      tool: 'Keycloak',
    })
  }
}
