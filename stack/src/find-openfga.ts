/**
 * Where the OpenFGA binary comes from: PATH, the cache, or the Go module proxy by way of `go install`.
 *
 * @module
 */
import { join } from 'node:path'
import { cached, cacheFolder } from './cache.ts'
import { MissingToolError } from './errors.ts'
import { runCommand, tryCommand } from './run-command.ts'

/** The only version the tests ran against. Go's checksum database vouches for the module's content. */
const OPENFGA_VERSION = 'v1.22.1'

/** Looks, then fetches. */
export interface FindOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Told what is being fetched, before it is. */
  readonly onFetch?: (what: string) => void
  /** Abandons a fetch that is under way; the cache stays as it was. */
  readonly signal?: AbortSignal
}

/**
 * The path of an OpenFGA binary of exactly {@link OPENFGA_VERSION}.
 *
 * @throws MissingToolError when it is neither on PATH nor cached, and there is no Go to build it.
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
      `OpenFGA ${OPENFGA_VERSION} is not here and there is no Go 1.${OLDEST_GO} or newer to build it with. Either:\n` +
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

/** From this release on (1.21), Go fetches the newer toolchain that a module asks for by itself. */
const OLDEST_GO = 21

/** `go version go1.26.8 linux/amd64` → 26. */
function goVersion(output: string): number | undefined {
  const minor = /\bgo1\.(\d+)/.exec(output)?.[1]
  return minor === undefined ? undefined : Number(minor)
}
