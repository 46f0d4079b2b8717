/**
 * Finds a Go toolchain: installed, or fetched into the cache.
 *
 * @module
 */
import { join } from 'node:path'
import { type FindOptions, fetchTool, toolSources } from './fetch-piece.ts'
import { tryCommand } from './run-command.ts'

/** Since 1.21 Go downloads the newer toolchain that a module requires. */
const OLDEST_GO = 21

/** The command to run Go: `go` when the one on PATH is new enough, else a path. @throws MissingToolError when there is none. */
export async function findGo(options: FindOptions = {}): Promise<string> {
  const { env = process.env } = options
  if (toolSources(env).installed) {
    const minor = goVersion((await tryCommand('go', ['version'], { env, timeoutMs: 20_000 })).stdout)
    if (minor !== undefined && minor >= OLDEST_GO) return 'go'
  }
  return join((await fetchTool('go', options)).folder, 'bin', 'go')
}

/** Parses the minor version of Go: `go version go1.26.8 linux/amd64` is 26. */
function goVersion(output: string): number | undefined {
  const minor = /\bgo1\.(\d+)/.exec(output)?.[1]
  return minor === undefined ? undefined : Number(minor)
}
