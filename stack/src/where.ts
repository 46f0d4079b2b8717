/**
 * `npm run --silent where -- url|log|key|issuer|secrets` prints the PDP's URL, its decision log's folder, the file with the log's verifier
 * key, the issuer's URL, or the file with the secrets, of the running or last demo: url, log and key are of the same PDP. Without an argument: all, of every
 * PDP. `env`: a shell script that sets what `mandate` reads, for `eval`. Exit 1 when there was no demo, 64 on wrong usage.
 *
 * @module
 */
import { nameAdvice } from '@mandate/service/nearest-name'
import { EXIT_USAGE } from './errors.ts'
import { describeRun, readRun, STATE_DIR, shellOf } from './state.ts'

const [what, ...more] = process.argv.slice(2)
const run = readRun(STATE_DIR)
const PRINTED = ['url', 'log', 'key', 'issuer', 'secrets'] as const
const member = PRINTED.find((name) => name === what)

const isKnown = what === undefined || what === 'env' || member !== undefined

if (!isKnown || more.length > 0) {
  const wrong = isKnown ? more.join(' ') : what
  process.stderr.write(`where does not print ${wrong}. ${nameAdvice(wrong, [...PRINTED, 'env'])}\n`)
  process.exitCode = EXIT_USAGE
} else if (run === undefined) {
  process.stderr.write('no demo has run in this clone yet: npm start\n')
  process.exitCode = 1
} else if (member === undefined) {
  process.stdout.write(what === 'env' ? shellOf(run) : describeRun(run))
} else if (run[member] === undefined) {
  process.stderr.write('the last demo was started by an older version: npm start\n')
  process.exitCode = 1
} else {
  process.stdout.write(`${run[member]}\n`)
}
