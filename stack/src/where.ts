/**
 * `npm run --silent where -- log|key|url` prints the decision log's folder, the file with its verifier key, or the
 * PDP's URL, of the running or last demo. Exit 1 when there was none, 64 on wrong usage.
 *
 * @module
 */
import { EXIT_USAGE } from './errors.ts'
import { readRun, STATE_DIR } from './state.ts'

const what = process.argv[2]
const run = readRun(STATE_DIR)

if (what !== 'log' && what !== 'key' && what !== 'url') {
  process.stderr.write('usage: npm run --silent where -- log|key|url\n')
  process.exitCode = EXIT_USAGE
} else if (run === undefined) {
  process.stderr.write('no demo has run in this clone yet: npm start\n')
  process.exitCode = 1
} else {
  process.stdout.write(`${run[what]}\n`)
}
