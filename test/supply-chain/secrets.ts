/**
 * Secrets in the history of this repository, so also in its files, by gitleaks (Z. Rice and contributors, MIT): built once with `go install` into the cache.
 * Before each scan it has to find a secret that is planted: a configuration that finds nothing is found out.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cached, cacheFolder, findGo, MissingToolError, runCommand, tryCommand } from '@mandate/stack'
import type { Outcome } from './outcome.ts'

const NAME = 'secrets in all commits (gitleaks)'
/** `go install` verifies the module with Go's checksum database. */
const GITLEAKS_VERSION = 'v8.30.1'
const MODULE = 'github.com/zricethezav/gitleaks/v8'
const LIMIT_MS = 600_000

/** @param root - A clone with its history and `.gitleaks.toml`. */
export async function scanForSecrets(root: string): Promise<Outcome> {
  const isShallow =
    (await tryCommand('git', ['rev-parse', '--is-shallow-repository'], { cwd: root })).stdout.trim() !== 'false'
  if (isShallow)
    return { name: NAME, state: 'not run', lines: ['this clone has not the whole history: git fetch --unshallow'] }
  const gitleaks = await findGitleaks().catch((error: unknown) => {
    if (error instanceof MissingToolError) return error
    throw error
  })
  if (gitleaks instanceof MissingToolError) return { name: NAME, state: 'not run', lines: [gitleaks.message] }
  if (!(await findsPlanted(gitleaks, root)))
    return { name: NAME, state: 'failed', lines: ['.gitleaks.toml lets pass a key that was planted'] }
  const { ok, output } = await scan(gitleaks, 'git', root, root)
  return { name: NAME, state: ok ? 'passed' : 'failed', lines: ok ? [] : output.trimEnd().split('\n') }
}

/** @returns The path of the program. @throws MissingToolError when Go is missing to build it. */
async function findGitleaks(): Promise<string> {
  const folder = await cached({
    folder: cacheFolder(),
    key: `gitleaks-${GITLEAKS_VERSION}`,
    fill: async (aside) => {
      const go = await findGo()
      process.stdout.write(`building gitleaks ${GITLEAKS_VERSION} with Go (about a minute, once)\n`)
      await runCommand(go, ['install', `${MODULE}@${GITLEAKS_VERSION}`], { env: { ...process.env, GOBIN: aside } })
    },
  })
  return join(folder, 'gitleaks')
}

/** `git`: every line of every commit; `dir`: files. Values are redacted. */
function scan(gitleaks: string, how: 'git' | 'dir', folder: string, root: string) {
  const options = ['--config', join(root, '.gitleaks.toml'), '--no-banner', '--no-color', '--redact', '--verbose']
  return tryCommand(gitleaks, [how, ...options, '--log-level', 'error', folder], { timeoutMs: LIMIT_MS })
}

async function findsPlanted(gitleaks: string, root: string): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-planted-'))
  try {
    // A token of GitHub by its form. Random, since gitleaks knows and allows examples.
    const token = `ghp_${randomBytes(27).toString('base64url').replaceAll(/[-_]/gu, 'x')}`
    writeFileSync(join(folder, 'settings.ts'), `export const token = '${token}'\n`)
    const { ok, output } = await scan(gitleaks, 'dir', folder, root)
    return !ok && output.includes('github-pat')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
