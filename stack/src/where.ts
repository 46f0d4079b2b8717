/**
 * `npm run --silent where -- url|log|key|issuer|secrets` prints the PDP's URL, its decision log's folder, the file with the log's verifier
 * key, the issuer's URL, or the file with the secrets, of the running or last demo: url, log and key are of the same PDP. Without an argument: all, of every
 * PDP. `env`: a shell script that sets what `mandate` reads, for `eval`. `sub LOGIN`: the `sub` of a login at the embedded issuer, for a look-up in the log.
 * Exit 1 when there was no demo, or there is no such login; 64 on wrong usage.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nameAdvice } from '@mandate/service/nearest-name'
import { EXIT_USAGE } from './errors.ts'
import { describeRun, readRun, STATE_DIR, shellOf } from './state.ts'

const [what, ...more] = process.argv.slice(2)
const run = readRun(STATE_DIR)
const PRINTED = ['url', 'log', 'key', 'issuer', 'secrets'] as const
const member = PRINTED.find((name) => name === what)

const isKnown = what === undefined || what === 'env' || what === 'sub' || member !== undefined

if (what === 'sub' && more.length !== 1) {
  process.stderr.write('where sub takes one login: npm run --silent where -- sub LOGIN\n')
  process.exitCode = EXIT_USAGE
} else if (!isKnown || (what !== 'sub' && more.length > 0)) {
  const wrong = isKnown ? more.join(' ') : what
  process.stderr.write(`where does not print ${wrong}. ${nameAdvice(wrong, [...PRINTED, 'env', 'sub'])}\n`)
  process.exitCode = EXIT_USAGE
} else if (run === undefined) {
  process.stderr.write('no demo has run in this clone yet: npm start\n')
  process.exitCode = 1
} else if (what === 'sub') {
  await printSub(more[0] ?? '')
} else if (member === undefined) {
  process.stdout.write(what === 'env' ? shellOf(run) : describeRun(run))
} else if (run[member] === undefined) {
  process.stderr.write('the last demo was started by an older version: npm start\n')
  process.exitCode = 1
} else {
  process.stdout.write(`${run[member]}\n`)
}

/** Prints the `sub` of a login at the embedded issuer. */
async function printSub(login: string): Promise<void> {
  const folder = join(STATE_DIR, 'issuer')
  const sub = existsSync(folder) ? await subAt(folder, login) : undefined
  if (sub !== undefined) return void process.stdout.write(`${sub}\n`)
  process.stderr.write(
    `the embedded issuer has no login ${JSON.stringify(login)}. With Keycloak see docs/runbook.md, "The console".\n`,
  )
  process.exitCode = 1
}

async function subAt(folder: string, login: string): Promise<string | undefined> {
  // Imported when needed: the issuer takes time to load.
  const { openIssuerAdmin } = await import('@mandate/issuer')
  const admin = openIssuerAdmin(folder)
  try {
    return admin.subOf(login)
  } finally {
    admin.close()
  }
}
