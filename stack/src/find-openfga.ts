/**
 * Finds the OpenFGA binary: on PATH, in the cache, or built with `go install`.
 *
 * @module
 */
import { join } from 'node:path'
import { cached, cacheFolder } from './cache.ts'
import { MissingToolError } from './errors.ts'
import type { FindOptions } from './fetch-piece.ts'
import { progressText } from './fetch-progress.ts'
import { findGo } from './find-go.ts'
import { runCommand, tryCommand } from './run-command.ts'

/** The version that the tests run with. `go install` verifies the module with Go's checksum database. */
const OPENFGA_VERSION = 'v1.22.1'

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

async function buildOpenFga(folder: string, options: FindOptions): Promise<void> {
  const { env = process.env, onFetch, signal } = options
  const go = await findGo(options).catch((error: unknown) => {
    throw error instanceof MissingToolError ? withoutGo(error) : error
  })
  onFetch?.(`building OpenFGA ${OPENFGA_VERSION} with Go (about five minutes, once)`)
  const target = `github.com/openfga/openfga/cmd/openfga@${OPENFGA_VERSION}`
  await runCommand(go, ['install', '-v', target], {
    env: { ...env, GOBIN: folder },
    onOutput: countPackages((text) => onFetch?.(text)),
    ...(signal && { signal }),
  })
}

/** Packages that {@link OPENFGA_VERSION} consists of, Go's own included. Go compiles fewer when it has some in its cache. */
const PACKAGES = 1_258

/** Counts the packages that `go install -v` names, one a line. Reports each tenth, with the time that is left. */
function countPackages(report: (text: string) => void): (output: string) => void {
  let compiled = 0
  let tenths = 0
  let begin: number | undefined
  return (output) => {
    // Lines with `go: ` are about downloads, which come first.
    const names = output.match(/^(?!go: ).+\n/gmu)?.length ?? 0
    if (names > 0) begin ??= performance.now()
    compiled += names
    const now = Math.floor((10 * compiled) / PACKAGES)
    if (begin === undefined || now <= tenths || compiled >= PACKAGES) return
    tenths = now
    report(progressText(compiled, PACKAGES, performance.now() - begin))
  }
}

function withoutGo(cause: MissingToolError): MissingToolError {
  return new MissingToolError(
    `OpenFGA ${OPENFGA_VERSION} is not installed, and Go is missing to build it. ${cause.message}\nEither:\n` +
      '  - install Go (Debian 13 or newer: sudo apt-get install golang-go; macOS: brew install go), or\n' +
      `  - put an openfga ${OPENFGA_VERSION} binary on PATH, or\n` +
      '  - start a Docker engine, or\n' +
      '  - point OPENFGA_URL and OPENFGA_API_TOKEN at a running server',
    { cause, tool: 'OpenFGA' },
  )
}
