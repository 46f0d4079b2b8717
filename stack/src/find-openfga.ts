/**
 * Finds the OpenFGA binary: on PATH, in the cache, or built with `go install`.
 *
 * @module
 */
import { join } from 'node:path'
import { cached, cacheFolder } from './cache.ts'
import { MissingToolError } from './errors.ts'
import { runCommand, tryCommand } from './run-command.ts'

/** The version that the tests run with. `go install` verifies the module with Go's checksum database. */
const OPENFGA_VERSION = 'v1.22.1'

/** Options for finding or downloading a server. */
export interface FindOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Called before a download or build, with its description. */
  readonly onFetch?: (what: string) => void
  /** Aborts a download or build; the cache is not changed. */
  readonly signal?: AbortSignal
}

/**
 * Path of an OpenFGA binary of exactly {@link OPENFGA_VERSION}.
 *
 * @throws MissingToolError when it is neither on PATH nor cached, and Go is missing to build it.
 */
export async function findOpenFga({ env = process.env, onFetch, signal }: FindOptions = {}): Promise<string> {
  const onPath = await tryCommand('openfga', ['version'], { env, timeoutMs: 20_000 })
  if (onPath.ok && onPath.output.includes(`\`${OPENFGA_VERSION}\``)) return 'openfga'
  const folder = await cached({
    folder: cacheFolder(env),
    key: `openfga-${OPENFGA_VERSION}`,
    fill: (aside) => buildOpenFga(aside, { env, ...(onFetch && { onFetch }), ...(signal && { signal }) }),
    onWait: () => onFetch?.('waiting for another run that is building OpenFGA'),
  })
  return join(folder, 'openfga')
}

async function buildOpenFga(folder: string, { env = process.env, onFetch, signal }: FindOptions): Promise<void> {
  const go = goVersion((await tryCommand('go', ['version'], { env, timeoutMs: 20_000 })).stdout)
  if (go === undefined || go < OLDEST_GO) {
    throw new MissingToolError(
      `OpenFGA ${OPENFGA_VERSION} is not installed, and Go 1.${OLDEST_GO} or newer is missing to build it. Either:\n` +
        '  - install Go (Debian 13 or newer: sudo apt-get install golang-go; macOS: brew install go), or\n' +
        `  - put an openfga ${OPENFGA_VERSION} binary on PATH, or\n` +
        '  - start a Docker engine, or\n' +
        '  - point OPENFGA_URL and OPENFGA_API_TOKEN at a running server',
    )
  }
  onFetch?.(`building OpenFGA ${OPENFGA_VERSION} with Go (about five minutes, once)`)
  const target = `github.com/openfga/openfga/cmd/openfga@${OPENFGA_VERSION}`
  await runCommand('go', ['install', target], { env: { ...env, GOBIN: folder }, ...(signal && { signal }) })
}

/** Since 1.21 Go downloads the newer toolchain that a module requires. */
const OLDEST_GO = 21

/** Parses the minor version of Go: `go version go1.26.8 linux/amd64` is 26. */
function goVersion(output: string): number | undefined {
  const minor = /\bgo1\.(\d+)/.exec(output)?.[1]
  return minor === undefined ? undefined : Number(minor)
}
