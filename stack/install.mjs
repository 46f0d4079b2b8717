/**
 * Installs the dependencies when the lockfile is new. Runs before node_modules exists, on any Node that npm runs on, so
 * it imports nothing but `node:`. Quiet when there is nothing to do; exits with npm's code when npm fails.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = `${root}node_modules/.mandate-lockfile`
const wanted = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) install()

function install() {
  process.stdout.write('Installing dependencies (npm ci)…\n')
  const begin = Date.now()
  const npm = process.env['npm_execpath']
  const [command, args] = npm ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']]
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  const { status, error } = spawnSync(command, [...args, ...quiet], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) {
    const why = error ? error.message : `exit code ${status ?? 'none'}`
    process.stderr.write(`npm ci failed (${why}). Is the npm registry reachable? Try again with: npm ci\n`)
    process.exit(status || 1)
  }
  writeFileSync(stamp, wanted)
  process.stdout.write(`Installed in ${((Date.now() - begin) / 1000).toFixed(1)} s.\n`)
}
