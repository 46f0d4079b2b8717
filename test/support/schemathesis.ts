/**
 * Schemathesis (https://schemathesis.readthedocs.io), in a virtual environment in the cache: fuzzes a server by its OpenAPI document, with all
 * checks. Versions are pinned in `schemathesis.txt`.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached, cacheFolder, runCommand, tryCommand } from '@mandate/stack'

const REQUIREMENTS = fileURLToPath(new URL('schemathesis.txt', import.meta.url))
const CLI = 'from schemathesis.cli import schemathesis; schemathesis()'
const INSTALL_WITHIN_MS = 300_000

/** Returns the version of the installed Python, or `undefined`. */
export async function pythonVersion(): Promise<string | undefined> {
  const { ok, stdout } = await tryCommand('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'])
  return ok ? stdout.trim() : undefined
}

/** Installs Schemathesis. @returns The path of its interpreter. Run only the interpreter: other scripts break when the environment is moved. */
export async function installSchemathesis(python: string): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex')
    .slice(0, 12)
  const folder = await cached({
    folder: cacheFolder(),
    key: `schemathesis-${hash}-python${python}`,
    fill: async (aside) => {
      await runCommand('python3', ['-m', 'venv', aside])
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]
      await runCommand(join(aside, 'bin/python'), pip, { timeoutMs: INSTALL_WITHIN_MS })
    },
  })
  return join(folder, 'bin/python')
}

export interface Fuzz {
  readonly python: string
  /** Base URL of the server of `/openapi.json`. */
  readonly url: string
  readonly token: string | undefined
  /** Test cases per operation and phase. */
  readonly examples: number
  readonly seed: number
  /** Configuration, in TOML. */
  readonly config: string
  /** Operations to exclude, or to include alone. */
  readonly without?: readonly string[]
  readonly only?: readonly string[]
  /** @default all; a single operation has no links to follow */
  readonly phases?: string
}

/** Operations excluded from fuzzing, which have separate tests: an endless stream would block the fuzzer, and it has no serializer for security events. */
const NOT_FUZZED = ['tailDecisions', 'receiveSignal']

export interface Fuzzed {
  readonly ok: boolean
  /** Lower bound of the requests sent. */
  readonly requests: number
  readonly output: string
}

/** Runs Schemathesis once, as one caller. */
export async function fuzz({
  python,
  url,
  token,
  examples,
  seed,
  config,
  without = [],
  only = [],
  phases,
}: Fuzz): Promise<Fuzzed> {
  const folder = await mkdtemp(join(tmpdir(), 'mandate-fuzz-'))
  try {
    const file = join(folder, 'schemathesis.toml')
    await writeFile(file, config, { mode: 0o600 })
    // One worker: the cases are reproducible by their seed, and Python's threads share one core anyway.
    const args = [
      ...['-c', CLI, '--config-file', file, 'run', `${url}/openapi.json`, '--url', url],
      ...['--checks', 'all', '--workers', '1', '--no-color', '--generation-database', 'none'],
      ...['--max-examples', String(examples), '--seed', String(seed), '--output-sanitize', 'false'],
      ...['--request-timeout', '20'],
      ...[...without, ...NOT_FUZZED].flatMap((id) => ['--exclude-operation-id', id]),
      ...only.flatMap((id) => ['--include-operation-id', id]),
      ...(phases ? ['--phases', phases] : []),
      ...(token ? ['--header', `Authorization: Bearer ${token}`] : []),
    ]
    const { ok, output } = await tryCommand(python, args, { cwd: folder, timeoutMs: 900_000 })
    return { ok, requests: requestsIn(output), output }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Reads the number of requests from Schemathesis's summary: `2356 generated, 23 found 23 unique failures, 38 skipped`. */
function requestsIn(output: string): number {
  const [, generated = 0, skipped = 0] = /(\d+) generated(?:.*?(\d+) skipped)?/u.exec(output) ?? []
  return Number(generated) - Number(skipped)
}
